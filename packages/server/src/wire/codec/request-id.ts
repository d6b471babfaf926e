import type { Protocol } from '../../schema/types.ts';
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
  const inHeader = HEADERS.map((name) => answer.headers[name]).find((id) => id !== undefined && ID.test(id));
  const bodyFirst = protocol === 'awsQuery' || protocol === 'ec2Query';
  return bodyFirst ? (inBody(answer, protocol) ?? inHeader) : (inHeader ?? inBody(answer, protocol));
}

function inBody({ body }: Answered, protocol: Protocol | undefined): string | undefined {
  const parts = [
    body.toString('latin1', 0, SEARCHED_BYTES),
    body.toString('latin1', Math.max(0, body.length - SEARCHED_BYTES)),
  ];
  if (!parts[0]!.trimStart().startsWith('<')) return undefined;
  const ids = parts
    .flatMap((part) => [...part.matchAll(IN_BODY)].map((found) => found[1]!))
    .filter((id) => ID.test(id));
  return protocol === 'ec2Query' ? ids[0] : ids.at(-1);
}
