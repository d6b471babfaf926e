import { Pushback } from '../base/errors.ts';
import type { Log } from './log.ts';

/**
 * A Log that takes nothing while something downstream asks for a pause: otherwise a burst that no index can follow
 * would fill memory and disk with segments that wait.
 * @param pressure why appends had better wait, or undefined when all is well
 */
export function withPressure(log: Log, pressure: () => string | undefined): Log {
  return {
    async append(events) {
      const reason = pressure();
      if (reason !== undefined) throw new Pushback(reason);
      return log.append(events);
    },
    get end() {
      return log.end;
    },
    get start() {
      return log.start;
    },
    get trouble() {
      return log.trouble ?? pressure();
    },
    read: (from, bytesMax) => log.read(from, bytesMax),
    waitPast: (sequence, signal) => log.waitPast(sequence, signal),
    close: () => log.close(),
  };
}
