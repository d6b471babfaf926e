import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import * as der from './der.ts';
import type { Random } from './random.ts';

/** Node signs and reads certificates but does not write them. This writes those of a local authority, and its own. */
export interface CertificateOptions {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** EC P-256, or RSA. */
  readonly issuerKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Host names (`*.example` too) and addresses of a server; absent for an authority. */
  readonly names?: readonly string[];
  readonly random: Random;
}

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const VERSION_3 = der.explicit(0, der.integer(Buffer.of(2)));
const SERIAL_BYTES = 16;
/** Bits from the left (RFC 5280 §4.2.1.3): digitalSignature; keyCertSign and cRLSign. */
const SERVER_USAGE = der.bitString(Buffer.of(0x80), 7);
const AUTHORITY_USAGE = der.bitString(Buffer.of(0x06), 1);

/** An X.509 certificate (RFC 5280), PEM. */
export function makeCertificate(options: CertificateOptions): string {
  const algorithm =
    options.issuerKey.asymmetricKeyType === 'rsa'
      ? der.sequence(der.objectId(OID.rsaWithSha256), der.NULL)
      : der.sequence(der.objectId(OID.ecdsaWithSha256));
  const toSign = der.sequence(
    VERSION_3,
    der.integer(options.random.bytes(SERIAL_BYTES)),
    algorithm,
    name(options.issuer),
    der.sequence(der.time(options.notBeforeMs), der.time(options.notAfterMs)),
    name(options.subject),
    options.publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensions(options))),
  );
  const signature = sign('sha256', toSign, options.issuerKey);
  return pem(der.sequence(toSign, algorithm, der.bitString(signature)));
}

function extensions({ publicKey, issuerKey, names }: CertificateOptions): Buffer[] {
  const ids = [
    extension(OID.subjectKeyIdentifier, der.octetString(keyId(publicKey))),
    extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, keyId(createPublicKey(issuerKey as never))))),
  ];
  if (!names) {
    const noFurtherAuthority = der.integer(Buffer.of(0));
    return [
      extension(OID.basicConstraints, der.sequence(der.TRUE, noFurtherAuthority), 'critical'),
      extension(OID.keyUsage, AUTHORITY_USAGE, 'critical'),
      ...ids,
    ];
  }
  return [
    extension(OID.basicConstraints, der.sequence(), 'critical'),
    extension(OID.keyUsage, SERVER_USAGE, 'critical'),
    extension(OID.extKeyUsage, der.sequence(der.objectId(OID.serverAuth))),
    extension(OID.subjectAltName, der.sequence(...names.map(alternativeName))),
    ...ids,
  ];
}

const extension = (id: string, value: Buffer, critical?: 'critical'): Buffer =>
  der.sequence(der.objectId(id), ...(critical ? [der.TRUE] : []), der.octetString(value));

const name = (commonName: string): Buffer =>
  der.sequence(attribute(OID.organization, 'OpenTrail'), attribute(OID.commonName, commonName));

const attribute = (id: string, value: string): Buffer => der.set(der.sequence(der.objectId(id), der.utf8String(value)));

/** RFC 5280 §4.2.1.6: dNSName is [2], iPAddress [7]. */
const alternativeName = (host: string): Buffer =>
  isIP(host) ? der.implicit(7, addressBytes(host)) : der.implicit(2, Buffer.from(host, 'latin1'));

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes an address out in its one canonical form, with at most one gap.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const [head, tail] = [words(left), words(right ?? '')];
  const gap = right === undefined ? [] : new Array<number>(8 - head.length - tail.length).fill(0);
  return Buffer.from([...head, ...gap, ...tail].flatMap((word) => [word >> 8, word & 0xff]));
}

/** SHA-1 of the key's own bits (RFC 5280 §4.2.1.2); of a P-256 key those are the last 65 bytes. It is a name, not a proof. */
const keyId = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }).subarray(-65))
    .digest();

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
