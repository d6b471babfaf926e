import { invalid } from './errors.ts';
import type { Expression } from './expression-parse.ts';

/** Values by where their periods begin, in seconds. */
export type Series = ReadonlyMap<number, number>;
export type Value = number | string | Series | readonly Series[];

export interface Scope {
  /** What another query came to. @throws AwsError for a name that is none */
  lookUp(name: string): Promise<Value>;
  /** All queries of metrics (not expressions) whose id contains the text. */
  metrics(part: string): Promise<readonly Series[]>;
  /** Where all periods begin that were asked for, and how long each is, in seconds. */
  readonly seconds: readonly number[];
  readonly period: number;
  /** Counts values that were worked out. @throws AwsError when they are too many */
  spend(values: number): void;
}

type Numbers = number | Series | readonly Series[];

/** @throws AwsError ValidationError for what metric math does not allow, and for functions that are not built */
export async function evaluateExpression(expression: Expression, scope: Scope): Promise<Value> {
  const value = await evaluate(expression, scope);
  // What is done next costs as much as what it is given: that is counted before, and what fills gaps as it goes.
  scope.spend(sizeOf(value));
  return value;
}

/** In a list the same series may stand any number of times. */
function sizeOf(value: Value): number {
  if (isList(value)) return value.reduce((sum, series) => sum + series.size, value.length);
  return isSeries(value) ? value.size : 1;
}

async function evaluate(expression: Expression, scope: Scope): Promise<Value> {
  switch (expression.is) {
    case 'number':
    case 'text':
      return expression.value;
    case 'name':
      return KEYWORDS.has(expression.name) ? expression.name : scope.lookUp(expression.name);
    case 'negative':
      return combine(0, numbers(await evaluateExpression(expression.of, scope)), (a, b) => a - b);
    case 'list': {
      const items: Series[] = [];
      for (const item of expression.items) {
        for (const series of seriesOf(await evaluateExpression(item, scope), scope)) items.push(series);
      }
      return items;
    }
    case 'operator': {
      const left = numbers(await evaluateExpression(expression.left, scope));
      const right = numbers(await evaluateExpression(expression.right, scope));
      return combine(left, right, OPERATORS[expression.operator]!);
    }
    case 'call':
      return call(expression.name, expression.args, scope);
  }
}

/** What FILL puts in. */
const KEYWORDS = new Set(['REPEAT', 'LINEAR']);

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** Of a single series one number, of several a series over all of them. */
const AGGREGATES: Readonly<Record<string, (values: readonly number[]) => number>> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  MAX: (values) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
};

const EACH: Readonly<Record<string, (value: number) => number>> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
};

type Args = readonly Value[];

const FUNCTIONS: Readonly<Record<string, (args: Args, scope: Scope) => Value>> = {
  ...Object.fromEntries(
    Object.entries(AGGREGATES).map(([name, over]) => [name, (args: Args) => aggregate(one(name, args), over)]),
  ),
  ...Object.fromEntries(
    Object.entries(EACH).map(([name, fn]) => [name, (args: Args) => combine(one(name, args), 0, (a) => fn(a))]),
  ),
  FILL: ([of, filling], scope) => {
    if (of === undefined || filling === undefined) throw invalid('FILL takes a metric and what to fill it with.');
    return mapSeries(of, (series) => fill(series, filling, scope));
  },
  IF: (args, scope) => {
    if (args.length < 2 || args.length > 3) throw invalid('IF takes a condition, a value and another value.');
    const [condition, then, otherwise] = args.map((arg) => (arg === undefined ? arg : numbers(arg)));
    return choose(condition!, then!, otherwise, scope);
  },
  DIFF: (args) => mapSeries(one('DIFF', args), (series) => steps(series, (value, before) => value - before)),
  RATE: (args) =>
    mapSeries(one('RATE', args), (series) => steps(series, (value, before, seconds) => (value - before) / seconds)),
  PERIOD: (_args, scope) => scope.period,
  TIME_SERIES: (args, scope) => seriesOf(one('TIME_SERIES', args), scope)[0] ?? new Map(),
};

async function call(name: string, args: readonly Expression[], scope: Scope): Promise<Value> {
  const values: Value[] = [];
  for (const arg of args) values.push(await evaluateExpression(arg, scope));
  if (name === 'METRICS') {
    const [part = ''] = values;
    if (typeof part !== 'string' || values.length > 1) throw invalid('METRICS takes a text or nothing.');
    return scope.metrics(part);
  }
  const fn = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (fn) return fn(values, scope);
  const known = [...Object.keys(FUNCTIONS), 'METRICS'].sort().join(', ');
  throw invalid(`The function ${name.slice(0, 64)} is not supported by OpenTrail, which has ${known}.`);
}

const isSeries = (value: Value): value is Series => value instanceof Map;
const isList = (value: Value): value is readonly Series[] => Array.isArray(value);

function numbers(value: Value): Numbers {
  if (typeof value === 'string') throw invalid(`${JSON.stringify(value)} stands where a number or a metric is needed.`);
  return value;
}

function one(name: string, args: Args): Numbers {
  if (args.length !== 1) throw invalid(`${name} takes one argument.`);
  return numbers(args[0]!);
}

function seriesOf(value: Value, scope: Scope): readonly Series[] {
  if (isList(value)) return value;
  const of = numbers(value);
  if (!isSeries(of)) scope.spend(scope.seconds.length);
  return [isSeries(of) ? of : new Map(scope.seconds.map((second) => [second, of as number]))];
}

function mapSeries(value: Value, fn: (series: Series) => Series): Value {
  if (isList(value)) return value.map(fn);
  if (isSeries(value)) return fn(value);
  throw invalid('A function that takes a metric was given a number.');
}

/** Both sides by time, where both have a value. Division by zero and the like leave no value. */
function combine(left: Numbers, right: Numbers, fn: (a: number, b: number) => number): Numbers {
  if (isList(left)) return left.map((series) => combine(series, right, fn) as Series);
  if (isList(right)) return right.map((series) => combine(left, series, fn) as Series);
  if (!isSeries(left) && !isSeries(right)) return fn(left as number, right as number);
  const made = new Map<number, number>();
  for (const second of isSeries(left) ? left.keys() : (right as Series).keys()) {
    const a = isSeries(left) ? left.get(second) : (left as number);
    const b = isSeries(right) ? right.get(second) : (right as number);
    if (a === undefined || b === undefined) continue;
    const value = fn(a, b);
    if (Number.isFinite(value)) made.set(second, value);
  }
  return made;
}

function aggregate(value: Numbers, over: (values: readonly number[]) => number): Numbers {
  if (typeof value === 'number') return value;
  if (isSeries(value)) return value.size === 0 ? value : over([...value.values()]);
  const byTime = new Map<number, number[]>();
  for (const series of value) {
    for (const [second, v] of series) {
      const known = byTime.get(second);
      if (known) known.push(v);
      else byTime.set(second, [v]);
    }
  }
  return new Map([...byTime].sort(([a], [b]) => a - b).map(([second, values]) => [second, over(values)]));
}

function fill(series: Series, filling: Value, scope: Scope): Series {
  if (filling !== 'REPEAT' && filling !== 'LINEAR' && typeof filling !== 'number' && !isSeries(filling)) {
    throw invalid('FILL fills with a number, a metric, REPEAT or LINEAR.');
  }
  scope.spend(scope.seconds.length);
  const filled = new Map<number, number>();
  const known = [...series].sort(([a], [b]) => a - b);
  let at = 0; // of the first one known that is later
  for (const second of scope.seconds) {
    while (at < known.length && known[at]![0] <= second) at++;
    const [before, after] = [known[at - 1], known[at]];
    const own = series.get(second) ?? fillingAt(filling, second, before, after);
    if (own !== undefined) filled.set(second, own);
  }
  return filled;
}

type Known = readonly [second: number, value: number] | undefined;

function fillingAt(filling: Value, second: number, before: Known, after: Known): number | undefined {
  if (typeof filling === 'number') return filling;
  if (isSeries(filling)) return filling.get(second);
  if (filling === 'REPEAT' || !before || !after) return filling === 'REPEAT' ? before?.[1] : undefined;
  return before[1] + ((after[1] - before[1]) * (second - before[0])) / (after[0] - before[0]);
}

function choose(condition: Numbers, then: Numbers, otherwise: Numbers | undefined, scope: Scope): Value {
  if (typeof condition === 'number') return condition !== 0 ? then : (otherwise ?? new Map());
  if (isList(condition)) throw invalid('The condition of IF must be a number or one metric.');
  const at = (value: Numbers | undefined, second: number): number | undefined => {
    if (value !== undefined && isList(value)) throw invalid('IF takes single metrics or numbers, not arrays.');
    return typeof value === 'number' ? value : value?.get(second);
  };
  const made = new Map<number, number>();
  for (const second of scope.seconds) {
    const decides = condition.get(second);
    const value = decides === undefined ? undefined : at(decides !== 0 ? then : otherwise, second);
    if (value !== undefined) made.set(second, value);
  }
  return made;
}

function steps(series: Series, fn: (value: number, before: number, seconds: number) => number): Series {
  const known = [...series].sort(([a], [b]) => a - b);
  return new Map(
    known.slice(1).map(([second, value], i) => [second, fn(value, known[i]![1], second - known[i]![0])] as const),
  );
}
