import type { IncomingMessage } from 'node:http';
import type { AwsError } from '../base/errors.ts';

const reasons = new WeakMap<IncomingMessage, AwsError>();

/**
 * Ends a body of which no more will come: its client closed, fell silent or sent what is no HTTP. The connection stays
 * open for the answer. Whoever reads the body sees its end and MUST ask `whyBroken` then.
 */
export function breakOff(req: IncomingMessage, reason: AwsError): void {
  reasons.set(req, reason);
  // Node destroys the connection of a request that ends before it is complete, and so the way for its answer.
  req.complete = true;
  req.push(null);
}

/** What the sender of a body is to be told about its early end; undefined when the body is whole, or still coming. */
export const whyBroken = (req: IncomingMessage): AwsError | undefined => reasons.get(req);
