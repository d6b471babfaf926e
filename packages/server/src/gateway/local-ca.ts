import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { makeCertificate } from '../base/certificate.ts';
import type { Clock } from '../base/clock.ts';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { type Random, randomString, UPPER_ALNUM } from '../base/random.ts';

/** A certificate authority of this gateway's own, so that clients that trust it can speak TLS to it by any name. */
export interface LocalCa {
  /** PEM, for `AWS_CA_BUNDLE` and the like. */
  readonly certificate: string;
  readonly certificatePath: string;
  /** For `https.createServer`: `names` for clients that name no host, and whatever other host a client names. */
  tls(names: readonly string[]): LocalTls;
}

export interface LocalTls {
  readonly cert: string;
  readonly key: string;
  readonly SNICallback: (host: string, done: (error: Error | null, context?: SecureContext) => void) => void;
}

const DAY_MS = 86_400_000;
/** As long as people keep a machine without making it anew; the key never leaves the data folder. */
const AUTHORITY_DAYS = 3_650;
/** An authority that ends sooner is made anew, with the same key. */
const AUTHORITY_DAYS_MIN = 90;
/** The longest that all common clients accept of a server (Apple's limit for authorities of one's own). */
const SERVER_DAYS = 825;
/** Certificates are renewed at half their time. */
const RENEW_MS = (SERVER_DAYS * DAY_MS) / 2;
/** Client's clocks may be behind. */
const BACKDATED_MS = DAY_MS;
/** Names of which a certificate is kept, at a few KB each: a client may invent as many as it likes. */
const NAMES_MAX = 1_000;
/** What resolvers take for a host name. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** For clients that name no host: names of the machine itself, and AWS's own where DNS leads them here. */
export const USUAL_NAMES: readonly string[] = [
  'localhost',
  '127.0.0.1',
  '::1',
  '*.amazonaws.com',
  '*.us-east-1.amazonaws.com',
  '*.s3.amazonaws.com',
];

/** Opens the authority in `directory`, or makes it. @throws OperatorError for files that cannot be read or do not fit */
export function openLocalCa(options: { directory: string; clock: Clock; random: Random }): LocalCa {
  const { directory, clock, random } = options;
  const [keyPath, certificatePath] = [join(directory, 'local-ca.key'), join(directory, 'local-ca.pem')];
  try {
    const issuerKey = openKey(keyPath);
    const certificate = openCertificate(certificatePath, issuerKey, clock.now(), random);
    return {
      certificate,
      certificatePath,
      tls: (names) => createTls({ issuerKey, certificate, clock, random, names }),
    };
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`Cannot use the local CA in ${directory}: ${systemErrorCode(error) ?? error}.`, {
      cause: error,
    });
  }
}

function openKey(path: string): KeyObject {
  if (existsSync(path)) {
    chmodSync(path, 0o600);
    const key = privateKeyIn(readFileSync(path));
    if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
    throw new OperatorError(
      `${path} is not the key of a local CA. Restore it, or delete it: a new CA is made then, which clients have to be told to trust.`,
    );
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
  return privateKey;
}

function privateKeyIn(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** The certificate in the file if it belongs to the key and lasts a while; otherwise a new one. */
function openCertificate(path: string, key: KeyObject, nowMs: number, random: Random): string {
  const found = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (found !== undefined && isGood(found, key, nowMs)) return found;
  const subject = `OpenTrail local CA ${randomString(random, 6, UPPER_ALNUM)}`;
  const made = makeCertificate({
    subject,
    issuer: subject,
    publicKey: createPublicKey(key as never),
    issuerKey: key,
    notBeforeMs: nowMs - BACKDATED_MS,
    notAfterMs: nowMs + AUTHORITY_DAYS * DAY_MS,
    random,
  });
  writeWhole(path, made, 0o644);
  return made;
}

function isGood(pem: string, key: KeyObject, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const endMs = Date.parse(certificate.validTo);
    return certificate.checkPrivateKey(key) && endMs > nowMs + AUTHORITY_DAYS_MIN * DAY_MS;
  } catch {
    return false;
  }
}

/** A crash leaves the old file or the new one. */
function writeWhole(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.tmp`, text, { mode, flush: true });
  renameSync(`${path}.tmp`, path);
}

interface Issuer {
  readonly issuerKey: KeyObject;
  readonly certificate: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly names: readonly string[];
}

function createTls({ issuerKey, certificate, clock, random, names }: Issuer): LocalTls {
  const issuer = commonName(certificate);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const issue = (hosts: readonly string[]) =>
    makeCertificate({
      subject: 'OpenTrail gateway',
      issuer,
      publicKey,
      issuerKey,
      notBeforeMs: clock.now() - BACKDATED_MS,
      notAfterMs: clock.now() + SERVER_DAYS * DAY_MS,
      names: hosts,
      random,
    }) + certificate;
  const made = new Map<string, { readonly context: SecureContext; readonly madeMs: number }>();

  const contextFor = (host: string): SecureContext => {
    const known = made.get(host);
    if (known && clock.now() - known.madeMs < RENEW_MS) return known.context;
    const context = createSecureContext({ cert: issue([host]), key, minVersion: 'TLSv1.2' });
    made.delete(host);
    made.set(host, { context, madeMs: clock.now() });
    if (made.size > NAMES_MAX) made.delete(made.keys().next().value!);
    return context;
  };
  return {
    cert: issue(names),
    key,
    SNICallback(host, done) {
      const wanted = host.toLowerCase();
      if (HOST_NAME.test(wanted)) done(null, contextFor(wanted));
      else done(null);
    },
  };
}

const commonName = (pem: string): string => /^CN=(.*)$/m.exec(new X509Certificate(pem).subject)![1]!;
