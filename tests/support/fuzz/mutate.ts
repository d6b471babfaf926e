import { type Next, pick } from '../random.ts';
import { CORPUS, type Sample } from './corpus.ts';

const NASTY = [
  '',
  '\0',
  '../..',
  '%2e%2e%2f',
  '%',
  '%zz',
  '%ff%fe',
  "' OR 1=1",
  '\ud800',
  '𐍈'.repeat(300),
  'a'.repeat(5000),
  '-1',
  '1e999',
  'null',
  '__proto__',
  '{}',
  '[]',
  '<x>',
  '&amp;&x;',
  'arn:aws:cloudtrail:::',
  '%{x}',
];
const NASTY_JSON: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'a'.repeat(3000),
  [],
  {},
  [[[[]]]],
  { __proto__: 1 },
  ...NASTY,
];
const NASTY_TEXT = [
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}}',
  `${'['.repeat(20_000)}`,
  `{"Name":${'{"a":'.repeat(5000)}`,
  '\ufeff{}',
  '{"Name":"\\ud800"}',
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  `<a>${'<a>'.repeat(10_000)}`,
  '<a b="',
  'Action=%',
  'Action=GetCallerIdentity&Action=X&Version=',
];

function mutateJson(value: unknown, next: Next): unknown {
  if (next() < 0.25) return pick(next, NASTY_JSON);
  if (Array.isArray(value))
    return next() < 0.2
      ? [...value, ...value, pick(next, NASTY_JSON)]
      : value.map((v) => (next() < 0.5 ? mutateJson(v, next) : v));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([k, v]) => [next() < 0.1 ? pick(next, NASTY) : k, next() < 0.5 ? mutateJson(v, next) : v] as const,
    );
    return Object.fromEntries(next() < 0.2 ? entries.slice(1) : entries);
  }
  return next() < 0.5 ? pick(next, NASTY_JSON) : value;
}

function mutateText(text: string, next: Next): string {
  if (text === '' || next() < 0.05) return pick(next, NASTY_TEXT);
  const at = Math.floor(next() * text.length);
  const length = Math.floor(next() * 6);
  const insert = pick(next, [
    '',
    String.fromCharCode(32 + Math.floor(next() * 95)),
    pick(next, NASTY),
    text.slice(0, 20),
  ]);
  return text.slice(0, at) + insert + text.slice(at + length);
}

function mutateBody(body: string, next: Next): string {
  if (body.startsWith('{') && next() < 0.7) {
    try {
      return JSON.stringify(mutateJson(JSON.parse(body), next)) ?? '';
    } catch {
      // NDJSON of more than one line: mutated as text.
    }
  }
  return mutateText(body, next);
}

const HEADER_NAMES = [
  'content-type',
  'x-amz-target',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'x-amz-acl',
  'x-amz-copy-source',
  'x-amz-tagging',
  'content-md5',
  'x-amz-checksum-sha256',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-server-side-encryption',
  'x-amz-meta-é',
  'smithy-protocol',
  'x-amz-decoded-content-length',
  'content-encoding',
  'expect',
];

export function mutate(sample: Sample, next: Next): Sample {
  const roll = next();
  if (roll < 0.55) return { ...sample, body: mutateBody(sample.body, next) };
  if (roll < 0.75) return { ...sample, path: `/${mutateText(sample.path.slice(1), next)}` };
  if (roll < 0.8)
    return { ...sample, method: pick(next, ['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']) };
  if (roll < 0.85) return { ...pick(next, CORPUS), body: sample.body };
  return {
    ...sample,
    headers: {
      ...sample.headers,
      [pick(next, HEADER_NAMES)]: mutateText(pick(next, [...Object.values(sample.headers), 'bytes=0-']), next),
    },
  };
}

/** Only what HTTP can carry: the rest is what a client library would refuse to send. */
export const sendablePath = (path: string) =>
  path.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(Buffer.from(c).toString())).replace(/#/g, '%23');
export const sendableValue = (value: string) =>
  value
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 4000)
    .trim();
export const isName = (name: string) => /^[a-z0-9-]+$/.test(name);
