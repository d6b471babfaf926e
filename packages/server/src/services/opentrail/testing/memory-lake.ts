import { eventFromBytes } from '../../../event/accept.ts';
import type { EventHeader } from '../../../event/event.ts';
import {
  columnTitle,
  compileSearchFilter,
  compileValues,
  csvLine,
  LIST_SEPARATOR,
  searchableEvent,
} from '../../../event/search/index.ts';
import type { Lake, LakeExport, LakePageQuery, LakeQuery } from '../../../ports/lake.ts';

interface Held {
  readonly sequence: number;
  readonly header: EventHeader;
  readonly json: Buffer;
}

/** A lake of what it is given, by the plainest reading of its contract. */
export class MemoryLake implements Lake {
  readonly trouble = undefined;
  /** Events from here on are not found yet. */
  hiddenFrom = Number.POSITIVE_INFINITY;
  /** Questions asked so far. */
  asked: { readonly kind: string; readonly query: LakeQuery; readonly signal: AbortSignal }[] = [];
  /** Thrown by the next question, or after so many pieces of an export. */
  fails: { readonly error: Error; readonly afterPieces?: number } | undefined;
  /** Questions wait for it. */
  gate: Promise<unknown> = Promise.resolve();
  readonly #held: Held[] = [];

  add(record: object): void {
    const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: '000000000000' });
    if ('refused' in made) throw new Error(made.refused.message);
    this.#held.push({ sequence: this.#held.length, ...made.event });
  }

  get end(): number {
    return this.#held.length;
  }
  get indexedEnd(): number {
    return Math.min(this.#held.length, this.hiddenFrom);
  }
  get storedEnd(): number {
    return 0;
  }

  watched(): void {}

  async #find(kind: string, query: LakeQuery, signal: AbortSignal): Promise<Held[]> {
    this.asked.push({ kind, query, signal });
    await this.gate;
    signal.throwIfAborted();
    if (this.fails && this.fails.afterPieces === undefined) throw this.fails.error;
    const fits = compileSearchFilter(query.filter);
    return this.#held.filter(
      ({ sequence, header, json }) =>
        sequence >= (query.from ?? 0) &&
        sequence < Math.min(query.upTo ?? Number.POSITIVE_INFINITY, this.indexedEnd) &&
        (query.accounts?.includes(header.accountId) ?? true) &&
        header.timeMs >= query.startMs &&
        header.timeMs <= query.endMs &&
        fits(searchableEvent(header, json)),
    );
  }

  async page(query: LakePageQuery, signal: AbortSignal) {
    const sign = query.order === 'newest' ? -1 : 1;
    type Place = { timeMs: number; sequence: number };
    const order = (a: Place, b: Place) => sign * (a.timeMs - b.timeMs || a.sequence - b.sequence);
    const rows = (await this.#find('page', query, signal))
      .map(({ sequence, header, json }) => ({ sequence, timeMs: header.timeMs, accountId: header.accountId, json }))
      .filter((row) => query.after === undefined || order(row, query.after) > 0)
      .sort(order)
      .slice(0, query.limit);
    const last = rows.at(-1);
    return rows.length < query.limit || !last
      ? { rows }
      : { rows, next: { timeMs: last.timeMs, sequence: last.sequence } };
  }

  async count(query: LakeQuery, signal: AbortSignal) {
    return (await this.#find('count', query, signal)).length;
  }

  async facets(query: LakeQuery, fields: readonly string[], valuesMax: number, signal: AbortSignal) {
    const found = await this.#find('facets', query, signal);
    return fields.map((field) => {
      const counts = new Map<string, number>();
      for (const { header, json } of found) {
        for (const value of new Set(compileValues(field)(searchableEvent(header, json)))) {
          counts.set(value, (counts.get(value) ?? 0) + 1);
        }
      }
      const values = [...counts]
        .map(([value, count]) => ({ value, count }))
        .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
      return { field, values: values.slice(0, valuesMax), distinctCount: counts.size };
    });
  }

  async histogram(query: LakeQuery, intervalMs: number, signal: AbortSignal) {
    const buckets = new Map<number, { startMs: number; count: number; errorCount: number }>();
    for (const { header, json } of await this.#find('histogram', query, signal)) {
      const startMs = Math.floor(header.timeMs / intervalMs) * intervalMs;
      const bucket = buckets.get(startMs) ?? { startMs, count: 0, errorCount: 0 };
      bucket.count++;
      if (JSON.parse(String(json)).errorCode) bucket.errorCount++;
      buckets.set(startMs, bucket);
    }
    return [...buckets.values()].sort((a, b) => a.startMs - b.startMs);
  }

  async *export(query: LakeExport, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { rows } = await this.page({ ...query, limit: query.limit ?? Number.POSITIVE_INFINITY }, signal);
    const events = rows.map(({ sequence, json }) => searchableEvent(this.#held[sequence]!.header, json));
    const { columns = [] } = query;
    const pieces =
      query.format === 'csv'
        ? [
            csvLine(columns.map(columnTitle)),
            ...events.map((event) => csvLine(columns.map((c) => compileValues(c)(event).join(LIST_SEPARATOR)))),
          ]
        : events.map(({ text }) => `${text}\n`);
    for (const [i, piece] of pieces.entries()) {
      if (this.fails?.afterPieces === i) throw this.fails.error;
      signal.throwIfAborted();
      yield Buffer.from(piece);
    }
  }

  async close(): Promise<void> {}
}
