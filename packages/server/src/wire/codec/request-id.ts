import type { Protocol } from '../../schema/types.ts';
import { isMarkup } from './markup.ts';
import type { Answered } from './types.ts';

/** In the order in which AWS's own clients look. */
const HEADERS = ['x-amzn-requestid', 'x-amz-request-id', 'x-amzn-request-id'] as const;

/** EC2 has the id first in the body, the others last: nobody looks through all of it. */
const SEARCHED_BYTES = 2048;
const IN_BODY = /<(?:RequestId|requestId|RequestID)>\s*([^<\s]{1,128})\s*</g;
const ID = /^[\w.:/+=-]{1,128}$/;

/**
 * The id that the service gave the request. Clients of the query protocols take the one in the body for it, which is the
 * same as the header's on AWS but not everywhere; all others the header's, and the body's where there is none.
 */
export function requestIdOf(answer: Answered, protocol: Protocol | undefined): string | undefined {
  const inHeader = idInHeader(answer);
  const bodyFirst = protocol === 'awsQuery' || protocol === 'ec2Query';
  return bodyFirst ? (inBody(answer, protocol) ?? inHeader) : (inHeader ?? inBody(answer, protocol));
}

function idInHeader({ headers }: Answered): string | undefined {
  for (const name of HEADERS) {
    const id = headers[name];
    if (id !== undefined && ID.test(id)) return id;
  }
  return undefined;
}

function inBody({ body }: Answered, protocol: Protocol | undefined): string | undefined {
  if (!isMarkup(body, SEARCHED_BYTES)) return undefined;
  const start = body.toString('latin1', 0, SEARCHED_BYTES);
  if (protocol === 'ec2Query') return idsIn(start)[0] ?? idsIn(endOf(body))[0];
  return idsIn(endOf(body)).at(-1) ?? idsIn(start).at(-1);
}

const endOf = (body: Buffer): string => body.toString('latin1', Math.max(0, body.length - SEARCHED_BYTES));

function idsIn(text: string): string[] {
  const ids: string[] = [];
  for (const [, id] of text.matchAll(IN_BODY)) if (ID.test(id!)) ids.push(id!);
  return ids;
}
