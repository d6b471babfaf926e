import { jsonOf } from './fields.ts';
import type { Value } from './values.ts';

/** What a query looks at: an event, or a group of `stats`. */
export interface Row {
  get(name: string): Value;
  set(name: string, value: Value): void;
  /** Of events; 0 of groups. */
  readonly timestampMs: number;
  /** `@ptr`; absent of groups. */
  readonly pointer?: string;
}

/** An event as the thread that runs queries gets it. */
export interface QueryEvent {
  readonly timestampMs: number;
  readonly ingestedMs: number;
  readonly message: string;
  readonly logStream: string;
  /** `account:group` */
  readonly log: string;
  readonly pointer: string;
}

/** Its JSON is parsed when a field of it is first asked for. */
export class EventRow implements Row {
  readonly #event: QueryEvent;
  #made: Map<string, Value> | undefined;
  #json: unknown;
  #parsed = false;

  constructor(event: QueryEvent) {
    this.#event = event;
  }

  get timestampMs(): number {
    return this.#event.timestampMs;
  }
  get pointer(): string {
    return this.#event.pointer;
  }

  get(name: string): Value {
    const made = this.#made;
    if (made?.has(name)) return made.get(name);
    const system = SYSTEM[name];
    if (system) return system(this.#event);
    if (!this.#parsed) {
      this.#json = jsonOf(this.#event.message);
      this.#parsed = true;
    }
    return leafOf(at(this.#json, name));
  }

  set(name: string, value: Value): void {
    this.#made ??= new Map();
    this.#made.set(name, value);
  }
}

const SYSTEM: Readonly<Record<string, ((event: QueryEvent) => Value) | undefined>> = {
  __proto__: null as never,
  '@timestamp': (event) => event.timestampMs,
  '@ingestionTime': (event) => event.ingestedMs,
  '@message': (event) => event.message,
  '@logStream': (event) => event.logStream,
  '@log': (event) => event.log,
  '@ptr': (event) => event.pointer,
};

/** Follows a path of names and indexes; names may hold dots themselves. */
function at(json: unknown, path: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  if (Object.hasOwn(json, path)) return (json as Record<string, unknown>)[path];
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(json, name)) continue;
    const found = at((json as Record<string, unknown>)[name], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is nested too deep to be written has no value: messages are anybody's. */
function leafOf(value: unknown): Value {
  if (typeof value !== 'object' || value === null) return value as Value;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A row of figures. */
export class MadeRow implements Row {
  readonly timestampMs = 0;
  readonly values: Map<string, Value>;

  constructor(values: Map<string, Value>) {
    this.values = values;
  }

  get(name: string): Value {
    return this.values.get(name);
  }

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }
}
