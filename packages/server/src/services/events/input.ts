import { invalid } from './errors.ts';
import { compileJsonPath, type JsonPath } from './json-path.ts';
import type { Rule, Target } from './model.ts';

/** What a target's input can be made of. */
export interface InputSource {
  /** The event as JSON text. */
  readonly text: string;
  /** The same, parsed. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly rule: Pick<Rule, 'arn' | 'name'>;
  /** When EventBridge took the event in, ms since the epoch. */
  readonly ingestedMs: number;
}

/** Makes what a target receives of an event. */
export type InputMaker = (source: InputSource) => string;

/** Variables that every template knows (EventBridge guide, "Predefined variables"). */
const PREDEFINED: Readonly<Record<string, (source: InputSource) => unknown>> = {
  'aws.events.rule-arn': ({ rule }) => rule.arn,
  'aws.events.rule-name': ({ rule }) => rule.name,
  'aws.events.event.ingestion-time': ({ ingestedMs }) => new Date(ingestedMs).toISOString(),
  'aws.events.event': ({ event }) => {
    const { detail: _, ...rest } = event;
    return rest;
  },
  'aws.events.event.json': ({ event }) => event,
};

/**
 * Compiles Input, InputPath or InputTransformer of a target; without any of them it receives the event itself.
 * @throws AwsError ValidationException
 */
export function compileInput(target: Target): InputMaker {
  const { Id, Input, InputPath, InputTransformer } = target;
  const given = [Input, InputPath, InputTransformer].filter((way) => way !== undefined);
  if (given.length > 1) {
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  if (Input !== undefined) {
    checkJson(Input, `Input for target ${Id}`);
    return () => Input;
  }
  if (InputPath !== undefined && InputPath !== '$') {
    const path = pathOf(InputPath, `InputPath for target ${Id}`);
    return ({ event }) => JSON.stringify(path(event) ?? null);
  }
  return InputTransformer ? compileTemplate(InputTransformer, Id) : ({ text }) => text;
}

function compileTemplate({ InputPathsMap = {}, InputTemplate }: NonNullable<Target['InputTransformer']>, id: string) {
  const variables = new Map<string, (source: InputSource) => unknown>(Object.entries(PREDEFINED));
  for (const [name, text] of Object.entries(InputPathsMap)) {
    if (/^aws/i.test(name))
      throw invalid(`InputPathsMap for target ${id}: ${name} begins with AWS, which is reserved.`);
    const path = pathOf(text, `InputPathsMap for target ${id}`);
    variables.set(name, ({ event }) => path(event));
  }
  const parts = partsOf(InputTemplate, (name) => {
    const variable = variables.get(name);
    if (variable) return variable;
    throw invalid(`Invalid InputTemplate for target ${id} : [Placeholder <${name}> is not in InputPathsMap].`);
  });
  const make: InputMaker = (source) => parts.map((part) => part(source)).join('');
  checkTemplate(make, id);
  return make;
}

/**
 * Cuts a template at its placeholders. One inside quotes is put in as text, escaped so that the quotes stay whole; one
 * outside as JSON. `\<` stands for itself.
 */
function partsOf(template: string, find: (name: string) => (source: InputSource) => unknown): InputMaker[] {
  const parts: InputMaker[] = [];
  let quoted = false;
  let from = 0;
  const literal = (to: number) => {
    const text = template.slice(from, to).replace(/\\([<>])/g, '$1');
    if (text !== '') parts.push(() => text);
  };
  for (let at = 0; at < template.length; at++) {
    const char = template[at];
    if (char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === '<') {
      const name = /^<([\w.-]{1,256})>/.exec(template.slice(at, at + 258))?.[1];
      if (name === undefined) continue;
      literal(at);
      const variable = find(name);
      parts.push(quoted ? (source) => asText(variable(source)) : (source) => JSON.stringify(variable(source) ?? null));
      from = at + name.length + 2;
      at = from - 1;
    }
  }
  literal(template.length);
  return parts;
}

/** What is not there leaves nothing behind. */
function asText(value: unknown): string {
  if (value === undefined) return '';
  return JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1);
}

const SAMPLE: InputSource = { text: '{}', event: {}, rule: { arn: '', name: '' }, ingestedMs: 0 };

/** A template makes JSON, or lines of quoted text. */
function checkTemplate(make: InputMaker, id: string): void {
  const sample = make(SAMPLE);
  if (sample.split('\n').every((line) => /^\s*("([^"\\]|\\.)*")?\s*$/.test(line))) return;
  checkJson(sample, `InputTemplate for target ${id}`);
}

function checkJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw invalid(`Invalid ${what} : it must be JSON text, or in double quotes (${why}).`);
  }
}

function pathOf(text: string, what: string): JsonPath {
  const path = compileJsonPath(text);
  if (path) return path;
  throw invalid(`Invalid ${what} : ${text.slice(0, 100)} is no JSON path like $.detail.eventName.`);
}
