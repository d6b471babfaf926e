import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { HttpRequest } from '../wire/request.ts';
import { refusal } from './answers.ts';

/** Where the console is reached. */
export interface Place {
  readonly secure: boolean;
  /** PEM, under TLS. */
  readonly certificate?: string;
  /** Names that the operator gave: URLs of a proxy before the console, the host to listen on. */
  readonly names: readonly string[];
  /** The console's own address as browsers know it, where that is not the one that it listens on. */
  readonly url?: string;
}

/** A request of a browser, and at which of the console's addresses it came. */
export interface Visit {
  readonly http: HttpRequest;
  /** `https://audit.example.com` */
  readonly origin: string;
  readonly secure: boolean;
}

export type Receive = (http: HttpRequest) => Visit;

/**
 * Tells whether a request is for the console, and not for a stranger's name that was made to lead here ("DNS rebinding",
 * by which a page elsewhere could talk to us as if it were ours). Addresses cannot be made to; names are the loopback
 * ones, those that the operator gave, and those of the certificate.
 * @throws AwsError MisdirectedRequest
 */
export function createReception({ secure, certificate, names, url }: Place): Receive {
  const own = new Set(names.map((name) => name.toLowerCase()));
  const pem = certificate === undefined ? undefined : new X509Certificate(certificate);
  const proxied = url === undefined ? undefined : new URL(url);
  if (proxied) own.add(proxied.hostname);

  const isOurs = (name: string): boolean =>
    isIP(name.replace(/^\[|\]$/g, '')) !== 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    own.has(name) ||
    pem?.checkHost(name) !== undefined;

  return (http) => {
    const host = http.host.toLowerCase();
    const name = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host)?.[1];
    if (name === undefined || !isOurs(name)) {
      throw refusal(
        421,
        'MisdirectedRequest',
        'The console does not go by this host name. Its operator can give it the name: --console-url.',
      );
    }
    if (host === proxied?.host) return { http, origin: proxied.origin, secure: proxied.protocol === 'https:' };
    return { http, origin: `${secure ? 'https' : 'http'}://${host}`, secure };
  };
}

/** What a browser says of the page that asks; scripts say nothing. */
const FROM_OURSELVES: ReadonlySet<string | undefined> = new Set([undefined, 'same-origin', 'none']);

/** @throws AwsError CrossOrigin for a request that another site's page made its visitor's browser send */
export function requireOwnOrigin({ http: { headers }, origin }: Visit): void {
  const claimed = headers.origin;
  if (FROM_OURSELVES.has(headers['sec-fetch-site']) && (claimed === undefined || claimed === origin)) return;
  throw refusal(403, 'CrossOrigin', `Only pages of ${origin} may ask this.`);
}

/** On every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** What is no page of ours can neither run nor load anything, should it ever be shown as one. */
export const INERT = "default-src 'none'; frame-ancestors 'none'; sandbox";

/**
 * For the pages: no script and no frame but ours.
 * @param nonce of the one answer: styles that the components write into the page carry it
 */
export const pagePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
