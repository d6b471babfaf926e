import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { assert, OperatorError } from '../../base/errors.ts';
import { readLogFiles } from '../../verify/check-log-file.ts';
import { createClient } from '../client.ts';
import { directorySource } from './directory-source.ts';
import type { ReaderData, ReadReply, ReadRequest } from './readers.ts';
import { s3Source } from './s3-source.ts';

/** The thread's side of `readers.ts`. */
assert(parentPort, 'this file is started as a thread');
const port = parentPort;
const { place } = workerData as ReaderData;
const source =
  'folder' in place
    ? directorySource(place.folder)
    : s3Source(createClient({ ...place.client, clock: systemClock }), place.bucket, place.inBulk);

port.on('message', async (request: ReadRequest) => port.postMessage(await reply(request)));

async function reply({ id, files, concurrency }: ReadRequest): Promise<ReadReply> {
  try {
    return { id, read: await readLogFiles(source, files, concurrency) };
  } catch (error) {
    if (error instanceof OperatorError) return { id, problem: error.message, isOurs: false };
    return { id, problem: error instanceof Error ? (error.stack ?? error.message) : String(error), isOurs: true };
  }
}
