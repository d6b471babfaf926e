import { describe, expect, it } from 'vitest';
import { loadSchema } from '../schema/load.ts';
import type { ServiceSchema } from '../schema/types.ts';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import { parametersOf } from './parameters.ts';

const string = { shape: 'string' };
const SCHEMA: ServiceSchema = {
  id: 'test',
  version: '1',
  protocols: ['awsJson1_1'],
  signingName: 'test',
  operations: {},
  shapes: {
    In: {
      type: 'structure',
      members: {
        DBName: string,
        ARN: string,
        When: { shape: 'timestamp' },
        Bytes: { shape: 'blob' },
        Pass: { shape: 'Secret' },
        Marked: { shape: 'string', sensitive: true },
        Secrets: { shape: 'Secrets' },
        Map: { shape: 'Map' },
        Again: { shape: 'In' },
        Many: { shape: 'Ins' },
        Any: { shape: 'document' },
      },
    },
    Ins: { type: 'list', member: { shape: 'In' } },
    Map: { type: 'map', key: string, value: { shape: 'In' } },
    Secret: { type: 'string', sensitive: true },
    Secrets: { type: 'list', member: { shape: 'Secret' }, sensitive: true },
    string: { type: 'string' },
    blob: { type: 'blob' },
    timestamp: { type: 'timestamp' },
    document: { type: 'document' },
  },
};
const show = (input: Record<string, unknown>) => parametersOf(SCHEMA, 'In', input);

describe('parametersOf', () => {
  it('lowers the first letter only, keeps the order of the model and the keys of maps', () => {
    expect(JSON.stringify(show({ ARN: 'a', DBName: 'd' }))).toBe('{"dBName":"d","aRN":"a"}');
    expect(show({ Map: { 'Own:Key': { ARN: 'x' } }, Many: [{ ARN: 'y' }] })).toEqual({
      map: { 'Own:Key': { aRN: 'x' } },
      many: [{ aRN: 'y' }],
    });
  });

  it('hides the password of an address, and nothing else that has an at sign', () => {
    expect(show({ DBName: 'https://bob:pa%20ss@example.com:8080/x?y=a:b@c' })).toEqual({
      dBName: 'https://bob:HIDDEN_DUE_TO_SECURITY_REASONS@example.com:8080/x?y=a:b@c',
    });
    for (const DBName of [
      'https://bob@example.com/a:b@c',
      'https://h:80/a@b',
      'a:b@c',
      'mailto:a@b',
      'x https://a:b@c',
    ])
      expect(show({ DBName })).toEqual({ dBName: DBName });
  });

  it('hides what is sensitive, whole, and leaves out bytes and nothing', () => {
    const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';
    const secrets = { Pass: 's', Marked: 's', Secrets: ['s', 's'], Bytes: Buffer.from('s'), ARN: null, Unknown: 's' };
    expect(show({ ...secrets, Again: secrets })).toEqual({
      pass: hidden,
      marked: hidden,
      secrets: hidden,
      again: { pass: hidden, marked: hidden, secrets: hidden },
    });
    expect(show({ Bytes: Buffer.from('s') })).toBeNull();
    expect(show({})).toBeNull();
    expect(parametersOf(SCHEMA, undefined, { ARN: 'x' })).toBeNull();
  });

  it('survives hostile input: depth, prototype names, wrong types, numbers that JSON lacks', () => {
    let deep: Record<string, unknown> = { ARN: 'bottom' };
    for (let i = 0; i < 10_000; i++) deep = { Again: deep };
    expect(JSON.stringify(show(deep))).not.toContain('bottom');
    expect(JSON.stringify(show({ Map: JSON.parse('{"__proto__":{"ARN":"x"}}') }))).toBe(
      '{"map":{"__proto__":{"aRN":"x"}}}',
    );
    expect(show({ Many: 'x', Map: [1], Again: 7, When: new Date(Number.NaN), Any: Number.NaN })).toEqual({
      when: 'Invalid Date',
      any: 'NaN',
    });
  });
});

/** The API input that a record's parameters came from. */
function inputOf(schema: ServiceSchema, shapeName: string, value: unknown): unknown {
  const shape = schema.shapes[shapeName]!;
  if (shape.type === 'list') return (value as unknown[]).map((item) => inputOf(schema, shape.member.shape, item));
  if (!('members' in shape)) return shape.type === 'timestamp' ? new Date(`${value} UTC`) : value;
  const entries = Object.entries(value as object).map(([key, inner]) => {
    const member = Object.keys(shape.members).find((m) => m.charAt(0).toLowerCase() + m.slice(1) === key);
    if (member === undefined) throw new Error(`${shapeName} has no member for ${key}`);
    return [member, inputOf(schema, shape.members[member]!.shape, inner)];
  });
  return Object.fromEntries(entries);
}

describe.skipIf(!realDataDir)('parametersOf on real data (../shared/data)', () => {
  it('writes the parameters of real CloudTrail and STS calls as AWS did', () => {
    const schemas = { 'cloudtrail.amazonaws.com': loadSchema('cloudtrail'), 'sts.amazonaws.com': loadSchema('sts') };
    let compared = 0;
    for (const { bytes } of realFiles('events', '.ndjson')) {
      for (const line of bytes.toString().split('\n').filter(Boolean)) {
        const record = JSON.parse(line);
        const schema = (schemas as Record<string, ServiceSchema>)[record.eventSource];
        const operation = schema?.operations[record.eventName];
        if (!schema || !operation) continue;
        for (const [side, shape] of [
          [record.requestParameters, operation.input],
          [record.responseElements, operation.output],
        ]) {
          if (!side) continue;
          const input = inputOf(schema, shape, side) as Record<string, unknown>;
          // The sample's times are of two Javas; ours are the newer's.
          const expected = JSON.parse(JSON.stringify(side).replace(/([A-Z][a-z]{2} \d+, \d{4}) (\d)/g, '$1, $2'));
          expect(parametersOf(schema, shape, input)).toEqual(expected);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
  });
});
