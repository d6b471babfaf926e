import { type Accumulator, AGGREGATES } from './aggregates.ts';
import { compile, type Evaluate } from './compile.ts';
import { ROWS_MAX } from './parse.ts';
import type { Command, Expression, Query } from './query.ts';
import { EventRow, MadeRow, type QueryEvent, type Row } from './row.ts';
import { compare, isPresent, textOf, truthOf, type Value } from './values.ts';

/** A row of the answer, in order of columns. */
export type ResultRow = readonly (readonly [field: string, value: string])[];

/** A query under way, in slices. */
export interface Run {
  /** @returns false when nothing that follows can change the result */
  add(events: readonly QueryEvent[]): boolean;
  readonly matched: number;
  rows(): readonly ResultRow[];
}

/** It asks for more than is kept in memory at once. */
export class TooMuch extends Error {}

/** Groups of `stats`, and different rows of `dedup`. */
const GROUPS_MAX = 100_000;
/** Rows that `sort` keeps where no `limit` follows at once. */
const SORTED_MAX = 100_000;

/** Of all rows together: they are held in memory for a while, and sent in one answer. */
const RESULT_CHARS_MAX = 16 << 20;

/** Takes rows and hands them on; `end` says that no more come. */
interface Stage {
  push(row: Row): void;
  end(): void;
  /** Wants no more. */
  readonly full: boolean;
}

/** @param limit rows of the answer at most */
export function startQuery({ commands }: Query, limit: number): Run {
  const rows: Row[] = [];
  let matched = 0;
  const sink: Stage = {
    push: (row) => void rows.push(row),
    end() {},
    get full() {
      return rows.length >= limit;
    },
  };
  // The answer's size bounds what a last `sort` has to keep.
  const all: readonly Command[] = [...commands, { kind: 'limit', count: Math.min(limit, ROWS_MAX) }];
  const counting = (next: Stage): Stage => ({
    push(row) {
      matched++;
      next.push(row);
    },
    end: () => next.end(),
    get full() {
      return next.full;
    },
  });
  const afterFilters = all.findLastIndex(({ kind }) => kind === 'filter');
  let first = sink;
  for (let i = all.length - 1; i >= 0; i--) {
    if (i === afterFilters) first = counting(first);
    first = stageOf(all[i]!, first, all[i + 1]);
  }
  if (afterFilters < 0) first = counting(first);
  let ended = false;
  return {
    add(events) {
      for (const event of events) {
        if (first.full) return false;
        first.push(new EventRow(event));
      }
      return !first.full;
    },
    get matched() {
      return matched;
    },
    rows() {
      if (!ended) first.end();
      ended = true;
      const columns = columnsOf(commands);
      let chars = 0;
      return rows.slice(0, limit).map((row) => {
        const result = resultOf(row, columns);
        for (const [name, value] of result) chars += name.length + value.length;
        if (chars > RESULT_CHARS_MAX) throw new TooMuch(`the result has more than ${RESULT_CHARS_MAX} characters`);
        return result;
      });
    },
  };
}

const passing = (next: Stage, push: (row: Row) => void): Stage => ({
  push,
  end: () => next.end(),
  get full() {
    return next.full;
  },
});

/** @param following the command after it */
function stageOf(command: Command, next: Stage, following: Command | undefined): Stage {
  switch (command.kind) {
    case 'fields':
    case 'display': {
      const made = command.columns.filter(({ value, name }) => value.kind !== 'field' || value.name !== name);
      if (made.length === 0) return next;
      const computed = made.map(({ value, name }) => ({ name, evaluate: compile(value) }));
      return passing(next, (row) => {
        for (const { name, evaluate } of computed) row.set(name, evaluate(row));
        next.push(row);
      });
    }
    case 'filter': {
      const holds = compile(command.where);
      return passing(next, (row) => {
        if (truthOf(holds(row))) next.push(row);
      });
    }
    case 'parse': {
      const regex = new RegExp(command.regex, command.flags);
      const named = /\(\?</.test(command.regex);
      return passing(next, (row) => {
        const found = regex.exec(textOf(row.get(command.from)));
        for (const [i, name] of command.as.entries()) {
          const value = named ? (found?.groups?.[name] ?? found?.[i + 1]) : found?.[i + 1];
          row.set(name, value);
        }
        next.push(row);
      });
    }
    case 'limit': {
      let left = command.count;
      return {
        push(row) {
          if (left-- > 0) next.push(row);
        },
        end: () => next.end(),
        get full() {
          return left <= 0 || next.full;
        },
      };
    }
    case 'dedup': {
      const seen = new Set<string>();
      return passing(next, (row) => {
        const key = JSON.stringify(command.fields.map((name) => textOf(row.get(name))));
        if (seen.has(key)) return;
        bound(seen.size, GROUPS_MAX, 'different rows');
        seen.add(key);
        next.push(row);
      });
    }
    case 'sort':
      return sortStage(command.by, next, following?.kind === 'limit' ? following.count : undefined);
    case 'stats':
      return statsStage(command, next);
  }
}

function bound(count: number, max: number, what: string): void {
  if (count >= max) throw new TooMuch(`the query makes more than ${max} ${what}`);
}

function sortStage(
  by: readonly { readonly key: Expression; readonly descending: boolean }[],
  next: Stage,
  wanted: number | undefined,
): Stage {
  const keys = by.map(({ key, descending }) => ({ evaluate: compile(key), sign: descending ? -1 : 1 }));
  let kept: { readonly row: Row; readonly keys: readonly Value[] }[] = [];
  const arrange = () => {
    kept.sort((a, b) => {
      for (const [i, { sign }] of keys.entries()) {
        const order = compare(a.keys[i], b.keys[i]);
        if (order !== 0) return sign * order;
      }
      return 0;
    });
    if (wanted !== undefined) kept = kept.slice(0, wanted);
  };
  return {
    push(row) {
      if (wanted === undefined) bound(kept.length, SORTED_MAX, 'rows to sort');
      kept.push({ row, keys: keys.map(({ evaluate }) => evaluate(row)) });
      if (wanted !== undefined && kept.length >= 2 * wanted + SORT_SLACK) arrange();
    },
    end() {
      arrange();
      for (const { row } of kept) next.push(row);
      next.end();
    },
    full: false,
  };
}
/** Sorting is done once for so many rows at least. */
const SORT_SLACK = 1_000;

function statsStage({ columns, by }: Extract<Command, { kind: 'stats' }>, next: Stage): Stage {
  const keys = by.map(({ value, name }) => ({ name, evaluate: compile(value) }));
  const figures = columns.map(({ name, function: called, argument, parameter }) => ({
    name,
    make: () => AGGREGATES[called]!(parameter),
    evaluate: argument ? compile(argument) : ((() => true) as Evaluate),
  }));
  const groups = new Map<string, { readonly keys: readonly Value[]; readonly figures: readonly Accumulator[] }>();
  const groupOf = (values: readonly Value[]) => {
    const key = JSON.stringify(values.map((value) => (isPresent(value) ? String(value) : null)));
    const known = groups.get(key);
    if (known) return known;
    bound(groups.size, GROUPS_MAX, 'groups');
    const group = { keys: values, figures: figures.map(({ make }) => make()) };
    groups.set(key, group);
    return group;
  };
  return {
    push(row) {
      const group = groupOf(keys.map(({ evaluate }) => evaluate(row)));
      for (const [i, { evaluate }] of figures.entries()) group.figures[i]!.add(evaluate(row), row.timestampMs);
    },
    end() {
      if (groups.size === 0 && by.length === 0) groupOf([]);
      for (const group of groups.values()) {
        const values = new Map<string, Value>(keys.map(({ name }, i) => [name, group.keys[i]]));
        for (const [i, { name }] of figures.entries()) values.set(name, group.figures[i]!.result());
        next.push(new MadeRow(values));
      }
      next.end();
    },
    full: false,
  };
}

interface Shown {
  readonly name: string;
  readonly isTime: boolean;
}

/** `display` decides, else the last `stats`, else all `fields`; without any, time and message. */
function columnsOf(commands: readonly Command[]): readonly Shown[] {
  const times = new Set(['@timestamp', '@ingestionTime']);
  const note = (name: string, value: Expression | undefined) => {
    const isTime =
      (value?.kind === 'call' && TIME_FUNCTIONS.has(value.name)) || (value?.kind === 'field' && times.has(value.name));
    if (isTime) times.add(name);
  };
  let names: string[] = [];
  let displayed = false;
  for (const command of commands) {
    if (command.kind === 'stats') {
      for (const { name, value } of command.by) note(name, value);
      for (const { name, function: called, argument } of command.columns)
        if (KEEPS_TIME.has(called)) note(name, argument);
      names = [...command.by, ...command.columns].map(({ name }) => name);
      displayed = false;
    } else if (command.kind === 'fields' || command.kind === 'display') {
      for (const { name, value } of command.columns) note(name, value);
      const added = command.columns.map(({ name }) => name);
      if (command.kind === 'display') names = displayed ? [...names, ...added] : added;
      else if (!displayed) names = [...names, ...added];
      displayed ||= command.kind === 'display';
    }
  }
  if (names.length === 0) names = ['@timestamp', '@message'];
  return [...new Set(names)].map((name) => ({ name, isTime: times.has(name) }));
}

const TIME_FUNCTIONS: ReadonlySet<string> = new Set(['bin', 'datefloor', 'dateceil', 'frommillis']);
const KEEPS_TIME: ReadonlySet<string> = new Set(['min', 'max', 'earliest', 'latest', 'sortsfirst', 'sortslast']);

function resultOf(row: Row, columns: readonly Shown[]): ResultRow {
  const shown = columns.flatMap(({ name, isTime }): [string, string][] => {
    const value = row.get(name);
    return isPresent(value) ? [[name, isTime && typeof value === 'number' ? timeText(value) : textOf(value)]] : [];
  });
  return row.pointer === undefined || columns.some(({ name }) => name === '@ptr')
    ? shown
    : [...shown, ['@ptr', row.pointer]];
}

/** `2026-01-01 00:00:00.000` */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace('T', ' ').slice(0, -1);
}
