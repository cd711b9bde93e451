import type { Resource } from './resources.ts';

/** One entry of `details.causes` of a Status. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** `details` of a Status. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A failure as the API server words it, before it becomes a `v1.Status`. */
export interface Failure {
  /** HTTP status, and `code` of the body. */
  readonly code: number;
  readonly message: string;
  /** Absent where the real server has none, as for failures of its node proxy in 1.20. */
  readonly reason?: string;
  readonly details?: StatusDetails;
  /** `metadata.continue`: the way on after an expired continue token. */
  readonly continue?: string;
}

/** Ends the handling of a request with a Status. */
export class ApiFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'ApiFailure';
    this.failure = failure;
  }
}

/** The body of a failure, with the fields in the order of the real ones. */
export function statusBody(failure: Failure): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: failure.continue === undefined ? {} : { continue: failure.continue },
    status: 'Failure',
    message: failure.message,
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    ...(failure.details === undefined ? {} : { details: failure.details }),
    code: failure.code,
  };
}

/** 400. */
export function badRequest(message: string): ApiFailure {
  return new ApiFailure({ code: 400, message, reason: 'BadRequest' });
}

/** 401: the credentials are not known. */
export function unauthorized(): ApiFailure {
  return new ApiFailure({ code: 401, message: 'Unauthorized', reason: 'Unauthorized' });
}

/** 404 for an object of a known resource. */
export function notFound(resource: Resource, name: string): ApiFailure {
  const { plural } = resource;
  return new ApiFailure({
    code: 404,
    message: `${qualified(resource)} "${name}" not found`,
    reason: 'NotFound',
    details: { name, ...groupOf(resource), kind: plural },
  });
}

/** 404 for a path that the API does not have. */
export function noSuchPath(): ApiFailure {
  const message = 'the server could not find the requested resource';
  return new ApiFailure({ code: 404, message, reason: 'NotFound', details: {} });
}

/** 405 for a path that exists, but not with this method. */
export function methodNotAllowed(): ApiFailure {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiFailure({ code: 405, message, reason: 'MethodNotAllowed', details: {} });
}

/** 409 for a name that is taken. */
export function alreadyExists(resource: Resource, name: string): ApiFailure {
  return new ApiFailure({
    code: 409,
    message: `${qualified(resource)} "${name}" already exists`,
    reason: 'AlreadyExists',
    details: { name, ...groupOf(resource), kind: resource.plural },
  });
}

/** 409 for a write that names another resourceVersion. */
export function modifiedSince(resource: Resource, name: string): ApiFailure {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return new ApiFailure({
    code: 409,
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    reason: 'Conflict',
    details: { name, ...groupOf(resource), kind: resource.plural },
  });
}

/** 409 for a precondition of a DELETE; `why` says which and ends without a full stop. */
export function preconditionFailed(resource: Resource, name: string, why: string): ApiFailure {
  return new ApiFailure({
    code: 409,
    message: `Operation cannot be fulfilled on ${resource.kind} "${name}": ${why}`,
    reason: 'Conflict',
    details: { name, ...groupOf(resource), kind: resource.kind },
  });
}

/** A field at fault, for {@link invalid}. */
export interface FieldError {
  readonly field: string;
  readonly reason: 'FieldValueForbidden' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueRequired';
  /** With its kind in front, as in `Forbidden: ...`. */
  readonly message: string;
}

/** 422 for an object (or, with the group `meta.k8s.io`, for options) with fields at fault; at least one. */
export function invalid(kind: string, name: string, errors: readonly FieldError[], group = ''): ApiFailure {
  const messages = errors.map(error => `${error.field}: ${error.message}`);
  const list = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  return new ApiFailure({
    code: 422,
    message: `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${list}`,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind,
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  });
}

/** 410 for a list at a revision that is gone; `token` is the way on, for an expired continue token. */
export function expired(token?: string): ApiFailure {
  if (token === undefined) {
    const message = 'The resourceVersion for the provided list is too old.';
    return new ApiFailure({ code: 410, message, reason: 'Expired' });
  }
  // The sentence is part of the API: clients show it.
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
    'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
    'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
    'deleted between the time the first chunk was returned and now may show up in the list.';
  return new ApiFailure({ code: 410, message, reason: 'Expired', continue: token });
}

/** `pods`, or `leases.coordination.k8s.io`: a resource as messages name it. */
export function qualified(resource: Pick<Resource, 'group' | 'plural'>): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function groupOf(resource: Resource): { readonly group?: string } {
  return resource.group === '' ? {} : { group: resource.group };
}
