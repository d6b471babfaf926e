import { X509Certificate } from 'node:crypto';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import { addressIn, checkedLookup, isPublicAddress } from '../../base/addresses.ts';
import type { Clock } from '../../base/clock.ts';
import type { OidcFetch } from './oidc-keys.ts';

export interface OidcFetchOptions {
  /**
   * Origins of providers within the operator's own network: `http://127.0.0.1:8080`, `https://idp.corp.example`. All
   * others are asked over HTTPS, at public addresses only: who may register a provider must not reach what only this
   * server can reach.
   */
  readonly internalOrigins: readonly string[];
  readonly clock: Clock;
}

/** The whole answer, from the first packet to the last. */
const ANSWER_MS_MAX = 5_000;
/** Keys with their certificates have some 10 KB. */
const ANSWER_BYTES_MAX = 256 * 1024;

/** Asks identity providers. Follows no redirects. */
export function createOidcFetch({ internalOrigins, clock }: OidcFetchOptions): OidcFetch {
  const internal = new Set(internalOrigins.map((origin) => new URL(origin).origin));
  return {
    issuerOf(url) {
      const plain = `http://${url}`;
      return URL.canParse(plain) && internal.has(new URL(plain).origin) ? plain : `https://${url}`;
    },
    json: (url, thumbprints) => getJson(new URL(url), internal, thumbprints, clock),
  };
}

function getJson(
  url: URL,
  internal: ReadonlySet<string>,
  thumbprints: readonly string[],
  clock: Clock,
): Promise<unknown> {
  return new Promise((fulfil, reject) => {
    const isInternal = internal.has(url.origin);
    if (url.protocol !== 'https:' && !(isInternal && url.protocol === 'http:')) throw new Error('HTTPS only');
    const address = addressIn(url);
    if (!isInternal && address !== undefined && !isPublicAddress(address)) throw new Error('not a public address');
    const options = {
      agent: false as const,
      headers: { accept: 'application/json', 'user-agent': 'opentrail' },
      ...(!isInternal && { lookup: publicLookup }),
    };
    const answered = (answer: IncomingMessage) => {
      if (answer.statusCode !== 200) return fail(new Error(`status ${answer.statusCode}`));
      if (!isTrusted(answer.socket as Partial<TLSSocket>, url, thumbprints)) return fail(new Error('not trusted'));
      readJson(answer).then(done, fail);
    };
    const request =
      url.protocol === 'http:'
        ? httpGet(url, options, answered)
        : httpsGet(url, { ...options, rejectUnauthorized: thumbprints.length === 0 }, answered);
    const cancel = clock.after(ANSWER_MS_MAX, () => fail(new Error('no answer in time')));
    const done = (value: unknown) => {
      cancel();
      fulfil(value);
    };
    const fail = (error: Error) => {
      cancel();
      request.destroy();
      reject(error);
    };
    request.once('error', fail);
  });
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('too long an answer');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** By a public authority, or by a certificate with one of the thumbprints that signed the server's, or is it. */
function isTrusted(socket: Partial<TLSSocket>, url: URL, thumbprints: readonly string[]): boolean {
  if (url.protocol === 'http:' || socket.authorized === true) return true;
  const peer = socket.getPeerCertificate?.(true);
  if (!peer?.raw || checkServerIdentity(url.hostname, peer)) return false;
  const wanted = new Set(thumbprints.map((thumbprint) => thumbprint.toLowerCase()));
  let certificate = new X509Certificate(peer.raw);
  for (let issuer = peer.issuerCertificate, depth = 0; depth < CHAIN_MAX; depth++) {
    if (wanted.has(certificate.fingerprint.replaceAll(':', '').toLowerCase())) return true;
    if (!issuer?.raw) return false;
    const next = new X509Certificate(issuer.raw);
    // A server sends whatever certificates it likes: only those that signed each other are a chain.
    if (!next.ca || !certificate.checkIssued(next) || !certificate.verify(next.publicKey)) return false;
    certificate = next;
    issuer = issuer.issuerCertificate;
  }
  return false;
}

const CHAIN_MAX = 8;

const publicLookup = checkedLookup(isPublicAddress, () => new Error('not a public address'));
