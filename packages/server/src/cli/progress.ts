import type { Clock } from '../base/clock.ts';
import { printable } from './printable.ts';

/** How often the line is drawn anew; on a log file (no terminal) a line is added at this many times that. */
const REDRAW_MS = 200;
const LOG_EVERY_MS = 10_000;
const BAR_CHARS = 24;

export interface Progress {
  /** @param done and `total` in any unit; `total` 0 means that it is not known yet */
  update(done: number, total: number, text: string): void;
  /** Prints a line above the bar; it may hold the names and contents of files. */
  note(line: string): void;
  finish(): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A bar on a terminal, a line now and then elsewhere, nothing when `quiet`; always on stderr, so that pipes stay clean. */
export function createProgress(clock: Clock, options: { quiet?: boolean; terminal?: Terminal } = {}): Progress {
  const out = options.terminal ?? process.stderr;
  const everyMs = out.isTTY ? REDRAW_MS : LOG_EVERY_MS;
  const startMs = clock.monotonicMs();
  let lastMs = startMs - (out.isTTY ? everyMs : 0);
  let shown = false;
  const clear = () => {
    if (shown && out.isTTY) out.write('\r\x1b[K');
    shown = false;
  };
  return {
    update(done, total, text) {
      const now = clock.monotonicMs();
      if (options.quiet || now - lastMs < everyMs) return;
      lastMs = now;
      const line = `${bar(done, total)}${text}${remaining(done, total, now - startMs)}`;
      if (!out.isTTY) out.write(`${line}\n`);
      else out.write(`\r\x1b[K${line.slice(0, (out.columns ?? 80) - 1)}`);
      shown = true;
    },
    note(line) {
      clear();
      out.write(`${printable(line)}\n`);
    },
    finish: clear,
  };
}

function bar(done: number, total: number): string {
  if (total <= 0) return '';
  const part = Math.min(1, done / total);
  const full = Math.round(part * BAR_CHARS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}] ${String(Math.floor(part * 100)).padStart(3)}%  `;
}

function remaining(done: number, total: number, passedMs: number): string {
  if (total <= 0 || done <= 0 || passedMs < 2000) return '';
  const seconds = Math.max(0, Math.round(((total - done) / done) * (passedMs / 1000)));
  const minutes = Math.floor(seconds / 60);
  return `  ${minutes > 0 ? `${minutes} min ` : ''}${seconds % 60} s left`;
}
