import type { IncomingMessage } from 'node:http';
import type { Clock } from '../base/clock.ts';

/** What is left of a body that nobody will read is taken in up to here, so that its sender gets to hear the answer. */
const DRAIN_BYTES_MAX = 1024 * 1024;
const DRAIN_MS_MAX = 2_000;

/** @returns whether the rest of the body has come, and the connection can be used again */
export function drain(req: IncomingMessage, clock: Clock): Promise<boolean> {
  return new Promise((fulfil) => {
    let bytes = 0;
    const done = (complete: boolean) => {
      cancel();
      req.off('data', count).off('end', ended).off('close', ended);
      fulfil(complete);
    };
    const ended = () => done(req.complete);
    const count = (part: Buffer) => {
      bytes += part.length;
      if (bytes > DRAIN_BYTES_MAX) done(false);
    };
    const cancel = clock.after(DRAIN_MS_MAX, () => done(false));
    req.unpipe();
    req.on('data', count).once('end', ended).once('close', ended);
    req.resume(); // whoever stopped reading it left it paused
    if (req.readableEnded || req.destroyed) ended();
  });
}
