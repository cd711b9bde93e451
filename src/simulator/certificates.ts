import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  context,
  element,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.ts';

/** A certificate and its key, as PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that lives as long as the process. */
export interface Authority {
  /** Its own certificate, as PEM. */
  readonly certificate: string;
  /** A certificate for a server on loopback. */
  issueServer(): Identity;
  /** A client certificate; the groups are its organizations, as Kubernetes reads them. */
  issueClient(name: string, groups: readonly string[]): Identity;
}

// The machine's clock plays no part: the keys are thrown away with the process.
const NOT_BEFORE = '200101000000Z';
const NOT_AFTER = '491231235959Z';

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

/** Makes an authority with a new key (EC P-256). Node has no function that issues certificates, hence {@link ./der.ts}. */
export function createAuthority(): Authority {
  const name = distinguishedName('simulated-cluster-ca', []);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const own = [
    extension(OID.basicConstraints, true, sequence(boolean(true))),
    extension(OID.keyUsage, true, bitString(Buffer.from([0x86]), 1)),
  ];
  const certificate = issue({ subject: name, issuer: name, publicKey, signer: privateKey, extensions: own });
  const identity = (subject: Buffer, extensions: readonly Buffer[]): Identity => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    return {
      certificate: issue({ subject, issuer: name, publicKey: pair.publicKey, signer: privateKey, extensions }),
      key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  };
  const usage = extension(OID.keyUsage, true, bitString(Buffer.from([0x80]), 7));
  return {
    certificate,
    issueServer: () =>
      identity(distinguishedName('kube-apiserver', []), [
        usage,
        extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(OID.serverAuth))),
        extension(OID.subjectAltName, false, loopbackNames()),
      ]),
    issueClient: (user, groups) =>
      identity(distinguishedName(user, groups), [
        usage,
        extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(OID.clientAuth))),
      ]),
  };
}

interface Request {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

function issue({ extensions, issuer, publicKey, signer, subject }: Request): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    issuer,
    sequence(utcTime(NOT_BEFORE), utcTime(NOT_AFTER)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, signer);
  return pem(sequence(body, algorithm, bitString(signature)));
}

function distinguishedName(name: string, groups: readonly string[]): Buffer {
  const part = (oid: string, text: string) => set(sequence(objectIdentifier(oid), utf8String(text)));
  return sequence(...groups.map(group => part(OID.organization, group)), part(OID.commonName, name));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function loopbackNames(): Buffer {
  const dnsName = (text: string) => element(0x82, Buffer.from(text));
  const address = (...bytes: readonly number[]) => element(0x87, Buffer.from(bytes));
  return sequence(
    dnsName('localhost'),
    dnsName('kubernetes.default.svc'),
    address(127, 0, 0, 1),
    address(...Array.from({ length: 15 }, () => 0), 1),
  );
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
