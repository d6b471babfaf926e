import { createHmac, generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** An OpenID Connect provider, as far as STS looks at one: what it publishes, and tokens that it signs. */
export interface Provider {
  /** Its issuer URL. */
  readonly issuer: string;
  /** The same as IAM has it. */
  readonly url: string;
  /** Paths asked for so far. */
  readonly asked: string[];
  /** Answers in place of the usual documents, by path. */
  readonly answers: Map<string, (req: IncomingMessage, res: ServerResponse) => void>;
  /** A token of these claims beside the usual ones; `undefined` leaves one out. */
  token(claims?: Readonly<Record<string, unknown>>, options?: TokenOptions): string;
  /** Publishes a new key, and the old one no more. */
  rotate(kind?: KeyKind): void;
  stop(): Promise<void>;
}

export type KeyKind = 'rsa' | 'ec' | 'rsa-1024';

export interface TokenOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  /** In place of the provider's signature. */
  readonly sign?: (signed: string, publicKey: KeyObject) => string;
}

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

let made = 0;
/** @param turn of a provider's keys: one is never followed by itself */
const makeKey = (kind: KeyKind, turn: number): Key => ({
  ...{ kid: `key-${++made}`, alg: kind === 'ec' ? 'ES256' : 'RS256' },
  ...pairOf(kind, turn % 2),
});

/** Made once for all providers: that takes up to a second. */
const pairs = new Map<string, KeyPairKeyObjectResult>();
function pairOf(kind: KeyKind, which: number): KeyPairKeyObjectResult {
  const name = `${kind} ${which}`;
  if (!pairs.has(name)) pairs.set(name, makePair(kind));
  return pairs.get(name)!;
}

const makePair = (kind: KeyKind): KeyPairKeyObjectResult =>
  kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2048 : 1024 });

export interface ProviderOptions {
  readonly kind?: KeyKind;
  /** Seconds since the epoch. */
  readonly now?: () => number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startProvider({ kind = 'rsa', now, tls }: ProviderOptions = {}): Promise<Provider> {
  let turn = 0;
  let key = makeKey(kind, turn);
  const asked: string[] = [];
  const answers: Provider['answers'] = new Map();
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    asked.push(req.url!);
    const special = answers.get(req.url!);
    if (special) return special(req, res);
    res.setHeader('content-type', 'application/json');
    if (req.url === '/.well-known/openid-configuration') {
      res.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    } else if (req.url === '/keys') {
      const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: key.alg, use: 'sig' };
      res.end(JSON.stringify({ keys: [jwk] }));
    } else res.writeHead(404).end();
  };
  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `${tls ? 'localhost' : '127.0.0.1'}:${(server.address() as AddressInfo).port}`;
  const issuer = `${tls ? 'https' : 'http'}://${url}`;
  const seconds = now ?? (() => Math.floor(Date.now() / 1000));
  return {
    issuer,
    url,
    asked,
    answers,
    token(claims = {}, options = {}) {
      const at = seconds();
      const all = { iss: issuer, aud: 'app', sub: 'repo:acme/site', iat: at, exp: at + 600, ...claims };
      const header = { alg: key.alg, kid: key.kid, typ: 'JWT', ...options.header };
      const signed = [header, all].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      const own = () =>
        sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      return `${signed}.${options.sign ? options.sign(signed, key.publicKey) : own()}`;
    },
    rotate(next = kind) {
      key = makeKey(next, ++turn);
    },
    stop: () => new Promise<void>((stopped) => server.close(() => stopped())),
  };
}

/** Signs with the public key as if it were a shared secret: what libraries fell for that let tokens choose the algorithm. */
export const confusedHs256 = (signed: string, publicKey: KeyObject): string =>
  createHmac('sha256', publicKey.export({ format: 'pem', type: 'spki' }))
    .update(signed)
    .digest('base64url');
