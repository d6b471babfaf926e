import { workerData } from 'node:worker_threads';
import { serveTeam } from './unpack-team.ts';

/** Unpacks blocks together with history's worker. */
serveTeam(workerData as SharedArrayBuffer);
