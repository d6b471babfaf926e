import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../base/errors.ts';
import type { Sequence } from '../log.ts';
import { type RawFile, reindexSegment, sealSegment } from './seal.ts';
import type { IndexColumns } from './segment-index.ts';

/** One piece of sealing. The thread answers when it is done, and dies of what fails. */
export type SealJob =
  | { readonly do: 'seal'; readonly directory: string; readonly segment: RawFile; readonly index: IndexColumns }
  | { readonly do: 'reindex'; readonly directory: string; readonly first: Sequence };

/** As nice(1) has it. Requests and look-ups go first; sealing still gets a fifth of a core that is contended for. */
const NICENESS = 5;

// On Linux this is the calling thread alone; elsewhere it would be the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(NICENESS);
  } catch {} // a sandbox may forbid it; sealing works all the same
}

assert(parentPort, 'the sealing thread is started as a worker');
const port = parentPort;
port.on('message', (job: SealJob) => {
  if (job.do === 'seal') sealSegment(job.directory, job.segment, job.index);
  else reindexSegment(job.directory, job.first);
  port.postMessage('done');
});
