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

const job = workerData as SealJob;
if (job.do === 'seal') sealSegment(job.directory, job.segment);
else reindexSegment(job.directory, job.first);
