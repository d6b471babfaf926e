import { createHmac, timingSafeEqual } from 'node:crypto';
import { sqsError } from './errors.ts';
import type { Queue } from './model.ts';

/** Which message, and which of its receives. */
export interface Receipt {
  readonly id: number;
  readonly receives: number;
}

const FACTS_BYTES = 12;
const SEAL_BYTES = 12;

/** Bound to the queue, so that none can be made up or used elsewhere. */
export function receiptHandle(queue: Queue, { id, receives }: Receipt): string {
  const facts = Buffer.alloc(FACTS_BYTES);
  facts.writeDoubleBE(id, 0);
  facts.writeUInt32BE(receives, 8);
  return Buffer.concat([facts, sealOf(queue, facts)]).toString('base64');
}

/** @throws AwsError ReceiptHandleIsInvalid */
export function readHandle(queue: Queue, handle: string): Receipt {
  const bytes = Buffer.from(handle, 'base64');
  const facts = bytes.subarray(0, FACTS_BYTES);
  const good =
    bytes.length === FACTS_BYTES + SEAL_BYTES && timingSafeEqual(bytes.subarray(FACTS_BYTES), sealOf(queue, facts));
  if (!good)
    throw sqsError(
      'ReceiptHandleIsInvalid',
      `The input receipt handle "${handle.slice(0, 100)}" is not a valid receipt handle.`,
    );
  return { id: facts.readDoubleBE(0), receives: facts.readUInt32BE(8) };
}

const sealOf = ({ secret }: Queue, facts: Buffer) =>
  createHmac('sha256', secret).update(facts).digest().subarray(0, SEAL_BYTES);
