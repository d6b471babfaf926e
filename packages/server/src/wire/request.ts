import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { AwsError, Pushback } from '../base/errors.ts';
import type { TlsDetails } from '../event/record.ts';

/** The request as all later steps see it: nothing decoded but the query, nothing dropped. */
export interface HttpRequest {
  readonly method: string;
  /** Path as sent, percent-encoded, without the query. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Decoded parameters, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly host: string;
  readonly sourceIp: string;
  readonly tls?: TlsDetails;
}

/** Reads what Node has parsed of a request, without its body. @throws AwsError for a query that is not UTF-8, or no Host */
export function readRequest(message: IncomingMessage): HttpRequest {
  const target = message.url ?? '/';
  const cut = target.indexOf('?');
  // A client may send the absolute form (RFC 9112 §3.2.2); only what follows the authority is the path.
  const rawPath = (cut < 0 ? target : target.slice(0, cut)).replace(/^[a-z]+:\/\/[^/]*/i, '') || '/';
  const rawQuery = cut < 0 ? '' : target.slice(cut + 1);
  const headers = joinHeaders(message.rawHeaders);
  const host = headers.host ?? '';
  if (host === '') throw new AwsError('BadRequest', 'The request has no Host header.');
  const tls = tlsDetails(message, host);
  return {
    method: message.method ?? 'GET',
    rawPath,
    rawQuery,
    query: parseQuery(rawQuery),
    headers,
    host,
    sourceIp: addressOf(message.socket),
    ...(tls && { tls }),
  };
}

/** The client's address; IPv4 in its own form also where it comes to an IPv6 socket. */
export const addressOf = (socket: Socket): string => (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');

/** Joins repeated headers in order, as SigV4 canonicalises them; Node's own `headers` drops some repeats. */
export function joinHeaders(raw: readonly string[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    out[name] = name in out ? `${out[name]},${raw[i + 1]}` : raw[i + 1]!;
  }
  return out;
}

function parseQuery(raw: string): [string, string][] {
  if (raw === '') return [];
  return raw
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const eq = part.indexOf('=');
      return eq < 0 ? [percentDecode(part), ''] : [percentDecode(part.slice(0, eq)), percentDecode(part.slice(eq + 1))];
    });
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { cause });
  }
}

function tlsDetails(message: IncomingMessage, host: string): TlsDetails | undefined {
  const socket = message.socket as TLSSocket;
  if (!socket.encrypted) return undefined;
  return {
    tlsVersion: socket.getProtocol() ?? 'TLSv1.3',
    cipherSuite: socket.getCipher().name,
    clientProvidedHostHeader: host.replace(/:\d+$/, ''),
  };
}

/** Of all bodies that are being read: many slow senders of large ones must not fill the memory before they are known. */
export const READING_BYTES_MAX = 512 * 1024 * 1024;
let readingBytes = 0;

/**
 * Reads a whole body into memory.
 * @param sizeBytesMax more than this is refused, whatever Content-Length claimed
 * @throws AwsError RequestEntityTooLarge (413); Pushback when too much is being read at once
 */
export async function readBody(stream: Readable, sizeBytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // Leaving early must not destroy a request: its connection still carries the answer.
    for await (const part of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length;
      readingBytes += part.length;
      if (size > sizeBytesMax) {
        throw new AwsError(
          'RequestEntityTooLarge',
          `The request body is larger than the ${sizeBytesMax} bytes that this operation takes.`,
          { status: 413 },
        );
      }
      if (readingBytes > READING_BYTES_MAX) throw new Pushback('too many large requests are coming in at once');
      parts.push(part);
    }
  } finally {
    readingBytes -= size;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}
