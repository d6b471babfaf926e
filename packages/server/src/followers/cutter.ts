import type { Clock } from '../base/clock.ts';
import { ALNUM, type Random, randomString } from '../base/random.ts';
import type { State } from '../ports/state.ts';
import { logFileKey, UNIQUE_CHARS } from '../trails/paths.ts';
import { deliveryProgressKey } from '../trails/trail.ts';
import { type PlannedObject, plannedKey, spoolName } from './delivery-state.ts';
import type { Cut, FollowedTrail } from './followed-trail.ts';
import { gzip, type LogFilePlace, type OpenLogFile } from './log-file.ts';
import type { Spool } from './spool.ts';

export interface CutterDeps {
  readonly state: State;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly random: Random;
}

/** Files compressed at once, over all trails: leaves libuv threads for the disk. */
const GZIPS_MAX = 2;

/**
 * Plans a cut: files into the spool, then plans and cursor into State in one step. Throws when either fails; calling
 * the returned function again tries once more, with the same names, keys and bytes.
 */
export function createCutter({ state, spool, clock, random }: CutterDeps) {
  const gate = limitTo(GZIPS_MAX);

  return function prepare(followed: FollowedTrail, cut: Cut): () => Promise<readonly PlannedObject[]> {
    const { id } = followed.trail;
    const named = cut.files.map((file) => ({ file, number: followed.nextNumber++, key: keyOf(followed, file) }));
    return async () => {
      const planned = await Promise.all(
        named.map((n) =>
          gate(async (): Promise<PlannedObject> => {
            const { chunks, sha256 } = n.file.close();
            const parts = await gzip(chunks);
            await spool.write(spoolName(id, n.number), parts);
            return {
              number: n.number,
              kind: 'log',
              ...ofStream(n.file.place),
              bucket: n.file.place.bucket,
              key: n.key,
              gzipBytes: parts.reduce((sum, part) => sum + part.length, 0),
              file: { sha256, newestMs: n.file.newestMs, oldestMs: n.file.oldestMs },
              events: n.file.events,
              firstSequence: n.file.firstSequence,
              lastSequence: n.file.lastSequence,
            };
          }),
        ),
      );
      if (planned.length > 0) await spool.sync();
      await state.write([
        { put: deliveryProgressKey(id), value: cut.cursor },
        ...planned.map((object) => ({ put: plannedKey(id, object.number), value: object })),
      ]);
      return planned;
    };
  };

  function keyOf({ trail }: FollowedTrail, { place }: OpenLogFile): string {
    const unique = randomString(random, UNIQUE_CHARS, ALNUM);
    return logFileKey({ ...place, accountId: place.accountId ?? trail.accountId, timeMs: clock.now(), unique });
  }
}

/** Of another account it is remembered whose member that was. */
function ofStream({ region, accountId, organizationId }: LogFilePlace) {
  return accountId === undefined
    ? { region }
    : { region, accountId, ...(organizationId !== undefined && { organizationId }) };
}

/** Runs at most `max` of the tasks given to it at once. */
function limitTo(max: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running < max) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
