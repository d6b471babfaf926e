import { Readable } from 'node:stream';

/** What a slow reader may leave lying here; whoever makes lines waits for `room` before making many more. */
const QUEUED_CHARS_MAX = 512 * 1024;

/** Lines of JSON on their way to a client that reads as fast as it likes. */
export interface LineStream {
  readonly stream: Readable;
  push(line: object): void;
  /** Resolves when the reader has caught up, or has gone. */
  room(): Promise<void>;
  end(): void;
}

export function createLineStream(): LineStream {
  let queued: string[] = [];
  let chars = 0;
  let ended = false;
  let wanted = false;
  let waiting: (() => void)[] = [];
  const letOn = () => {
    for (const resume of waiting) resume();
    waiting = [];
  };
  const stream = new Readable({
    read() {
      wanted = true;
      hand();
    },
    destroy(error, done) {
      letOn();
      done(error);
    },
  });
  function hand(): void {
    if (!wanted || stream.destroyed) return;
    if (queued.length > 0) {
      wanted = false;
      const text = queued.join('');
      queued = [];
      chars = 0;
      stream.push(text);
      letOn();
    } else if (ended) stream.push(null);
  }
  return {
    stream,
    push(line) {
      if (stream.destroyed) return;
      const text = `${JSON.stringify(line)}\n`;
      queued.push(text);
      chars += text.length;
      hand();
    },
    room: () =>
      chars < QUEUED_CHARS_MAX || stream.destroyed
        ? Promise.resolve()
        : new Promise<void>((resolve) => void waiting.push(resolve)),
    end() {
      ended = true;
      hand();
    },
  };
}
