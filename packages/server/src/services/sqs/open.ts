import type { Service } from '../../wire/service.ts';
import type { Queues } from '../doors.ts';
import type { SqsDeps } from './deps.ts';
import { createQueueDoor } from './door.ts';
import { sqsService } from './index.ts';
import { openMoveTasks } from './move-tasks.ts';
import { openRegistry } from './registry.ts';
import { createSealing, type SealingDeps } from './sealing.ts';
import { startSweep } from './sweep.ts';

export interface Sqs {
  readonly service: Service;
  readonly queues: Queues;
  close(): Promise<void>;
}

export interface OpenSqsOptions extends Omit<SqsDeps, 'sealing'> {
  /** 32 bytes, for queues alone: what messages are encrypted with where a queue names no key of KMS. */
  readonly key: Buffer;
  readonly kms: SealingDeps['kms'];
}

/** Opens all queues, with the messages that wait in them, and goes on with moves that a stop interrupted. */
export async function openSqs(options: OpenSqsOptions): Promise<Sqs> {
  const registry = await openRegistry(options);
  const parts = { ...options, sealing: createSealing(options), registry };
  const moveTasks = await openMoveTasks(parts);
  const stopSweep = startSweep(parts);
  return {
    service: sqsService(parts, moveTasks.handlers),
    queues: createQueueDoor(parts),
    async close() {
      moveTasks.close();
      registry.close();
      await stopSweep();
    },
  };
}
