import { isObject, type JsonObject } from './json.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';
import { ApiFailure, badRequest } from './status.ts';

/**
 * The object of a request's body.
 *
 * @throws ApiFailure 400 when it is no JSON object, 415 when it says that it is no JSON
 */
export function parseObject(body: Buffer, contentType: string | undefined, kind: string): JsonObject {
  const media = mediaType(contentType);
  const decoded = media === PROTOBUF ? decodeProtobuf(body, kind) : undefined;
  if (decoded !== undefined) return decoded;
  if (media !== '' && media !== 'application/json') {
    const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
    const message = `the body of the request was in an unknown format - accepted media types include: ${types}`;
    throw new ApiFailure({ code: 415, message, reason: 'UnsupportedMediaType' });
  }
  const parsed = parseJson(body);
  if (isObject(parsed)) return parsed;
  const start = body.subarray(0, 64).toString('utf8');
  const message = `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error (${start})`;
  throw badRequest(message);
}

/** The JSON of a body; undefined when it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A Content-Type without its parameters. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
