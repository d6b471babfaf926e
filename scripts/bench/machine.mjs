import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { median, round } from './measure.mjs';

const SYNCS = 100;

/** What a reader must know of the machine to make anything of the figures. */
export function describeMachine(directory) {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGb: round(totalmem() / 1e9),
    node: process.version,
    kernel: `${process.platform} ${release()}`,
    fdatasyncMs: fdatasyncMs(directory),
    loadAverage: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
    at: `${new Date().toISOString().slice(0, 16)}Z`,
  };
}

/** Median of appends of one page, each made durable: what the disk under `directory` takes for it. */
function fdatasyncMs(directory) {
  const path = join(directory, 'fdatasync');
  const page = Buffer.alloc(4096, 1);
  const fd = openSync(path, 'w');
  const times = Array.from({ length: SYNCS }, () => {
    writeSync(fd, page);
    const start = performance.now();
    fdatasyncSync(fd);
    return performance.now() - start;
  });
  closeSync(fd);
  rmSync(path);
  return round(median(times));
}
