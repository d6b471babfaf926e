import { Worker } from 'node:worker_threads';
import type { Codec } from '../log/sealed-format.ts';
import { type PackedBlock, readPacked } from './packed-block.ts';
import type { LackingBlock } from './sealed-events.ts';
import { threadFile } from './thread-file.ts';

/**
 * A second thread that unpacks blocks beside the one that needs them, which waits for them anyway: a page has fifty. Both
 * take jobs off one table in shared memory, one from its front and one from its back, so that it does not matter when the
 * other thread wakes up, whether it gets a processor, or whether it is there at all.
 *
 *     i32 round   grows when there are new jobs: what the other thread waits for
 *     i32 of each slot its state; then i32 of each slot the bytes that were made, once it is done
 *     f64 of each slot its job: fd, offset, bytes, crc, plainBytes, codec, records
 *     of each slot room for a block
 */
const SLOTS = 64;
const NUMBERS = 7;
/** A block of sixteen events has some 25 KB; a larger one is left to who needs it. */
const ROOM_BYTES = 64 << 10;
const STATES_AT = 8;
const SIZES_AT = STATES_AT + 4 * SLOTS;
const NUMBERS_AT = SIZES_AT + 4 * SLOTS;
const ROOMS_AT = NUMBERS_AT + 8 * NUMBERS * SLOTS;
const MEMORY_BYTES = ROOMS_AT + ROOM_BYTES * SLOTS;

const IDLE = 0;
const FREE = 1;
/** The slot is the taker's alone until it says that it is done, however long that takes. */
const TAKEN = 2;
const DONE = 3;

const CODECS: readonly Codec[] = ['brotli', 'deflate'];

/** With fewer, waking the other thread would take longer than it saves. */
const BLOCKS_MIN = 4;
/** The other thread has a block ready sooner, unless it does not get a processor: it is unpacked a second time then. */
const WAIT_MS_MAX = 0.5;

class Table {
  readonly memory: SharedArrayBuffer;
  readonly round: Int32Array;
  readonly states: Int32Array;
  readonly #sizes: Int32Array;
  readonly #numbers: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.round = new Int32Array(memory, 0, 1);
    this.states = new Int32Array(memory, STATES_AT, SLOTS);
    this.#sizes = new Int32Array(memory, SIZES_AT, SLOTS);
    this.#numbers = new Float64Array(memory, NUMBERS_AT, NUMBERS * SLOTS);
  }

  put(slot: number, { block, records }: LackingBlock): void {
    const { fd, offset, bytes, crc, plainBytes, codec } = block;
    this.#numbers.set([fd, offset, bytes, crc, plainBytes, CODECS.indexOf(codec), records], slot * NUMBERS);
    this.#sizes[slot] = 0;
    Atomics.store(this.states, slot, FREE);
  }

  /** @returns whether the job is the caller's now */
  take(slot: number): boolean {
    return Atomics.compareExchange(this.states, slot, FREE, TAKEN) === FREE;
  }

  /** Does a job that was taken. */
  do(slot: number): void {
    const at = slot * NUMBERS;
    const [fd, offset, bytes, crc, plainBytes, codec, records] = this.#numbers.subarray(at, at + NUMBERS);
    try {
      const block = { fd, offset, bytes, crc, plainBytes, codec: CODECS[codec!] } as PackedBlock;
      const plain = readPacked(block, records);
      this.#sizes[slot] = plain?.copy(this.#room(slot)) ?? 0;
    } catch {} // whoever reads the block finds the same, and tells
    Atomics.store(this.states, slot, DONE);
    Atomics.notify(this.states, slot);
  }

  /** What a job made, once it is done: a view; empty when it failed. */
  made(slot: number): Buffer {
    return this.#room(slot).subarray(0, this.#sizes[slot]);
  }

  #room(slot: number): Buffer {
    return Buffer.from(this.memory, ROOMS_AT + slot * ROOM_BYTES, ROOM_BYTES);
  }
}

/** The other thread: does jobs, the last first, for ever. */
export function serveTeam(memory: SharedArrayBuffer): never {
  const table = new Table(memory);
  for (;;) {
    const round = Atomics.load(table.round, 0);
    for (let slot = SLOTS - 1; slot >= 0; slot--) {
      if (table.take(slot)) table.do(slot);
    }
    Atomics.wait(table.round, 0, round);
  }
}

const startThread = (memory: SharedArrayBuffer): void => {
  const thread = new Worker(threadFile('unpack-worker'), { workerData: memory, execArgv: [], name: 'history-unpack' });
  thread.on('error', () => {}); // all is done without it
  thread.unref();
};

/** The side of who needs the blocks. The other thread is started when it is first needed, and ends with its own. */
export class UnpackTeam {
  readonly #table = new Table(new SharedArrayBuffer(MEMORY_BYTES));
  #start: ((memory: SharedArrayBuffer) => void) | undefined;

  /** @param start makes the other thread call `serveTeam` */
  constructor(start: (memory: SharedArrayBuffer) => void = startThread) {
    this.#start = start;
  }

  /**
   * Unpacks blocks in two threads. Some may be left out: those that are damaged or uncommonly large, those of which the other
   * thread makes nothing for now, and all when they are but a few.
   * @param keep gets each as a view, to be used at once
   */
  unpack(blocks: readonly LackingBlock[], keep: (key: number, plain: Buffer) => void): void {
    if (blocks.length < BLOCKS_MIN) return;
    const table = this.#table;
    this.#start?.(table.memory);
    this.#start = undefined;
    const jobs = this.#put(blocks);
    Atomics.add(table.round, 0, 1);
    Atomics.notify(table.round, 0);
    const others = jobs.filter(({ slot, lacking: { key, block, records } }) => {
      if (!table.take(slot)) return true;
      try {
        const plain = readPacked(block, records);
        if (plain) keep(key, plain);
      } catch {} // told by who reads it
      Atomics.store(table.states, slot, IDLE);
      return false;
    });
    for (const { slot, lacking } of others) {
      Atomics.wait(table.states, slot, TAKEN, WAIT_MS_MAX);
      const plain = Atomics.load(table.states, slot) === DONE ? table.made(slot) : undefined;
      if (plain?.length) keep(lacking.key, plain);
    }
  }

  /** Puts them into slots that nobody is at. */
  #put(blocks: readonly LackingBlock[]): { readonly slot: number; readonly lacking: LackingBlock }[] {
    const jobs: { readonly slot: number; readonly lacking: LackingBlock }[] = [];
    let slot = 0;
    for (const lacking of blocks) {
      if (lacking.block.plainBytes > ROOM_BYTES) continue;
      while (slot < SLOTS && Atomics.load(this.#table.states, slot) === TAKEN) slot++;
      if (slot === SLOTS) break;
      this.#table.put(slot, lacking);
      jobs.push({ slot, lacking });
      slot++;
    }
    return jobs;
  }
}
