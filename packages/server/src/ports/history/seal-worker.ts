import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { Sequence } from '../log.ts';
import { reindexSegment, sealSegment } from './seal.ts';

/** One piece of sealing, in a thread that ends with it. */
export type SealJob =
  | {
      readonly do: 'seal';
      readonly directory: string;
      readonly segment: { readonly first: Sequence; readonly path: string; readonly bytes: number };
    }
  | { readonly do: 'reindex'; readonly directory: string; readonly first: Sequence };

/** As nice(1) has it. Requests and look-ups go first; sealing still gets a fifth of a core that is contended for. */
const NICENESS = 5;

// On Linux this is the calling thread alone; elsewhere it would be the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(NICENESS);
  } catch {} // a sandbox may forbid it; sealing works all the same
}

const job = workerData as SealJob;
if (job.do === 'seal') sealSegment(job.directory, job.segment);
else reindexSegment(job.directory, job.first);
