import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import { eventFromBytes } from './accept.ts';
import { compileSelectors, globalServiceEvent } from './select.ts';
import type { BasicSelector, FieldSelector, Selectors } from './selectors.ts';
import { DEFAULT_SELECTORS } from './selectors.ts';
import { sliceRecords } from './slice.ts';

function event(record: object) {
  const whole = {
    eventTime: '2026-01-01T00:00:00Z',
    eventName: 'N',
    eventSource: 'x.amazonaws.com',
    awsRegion: 'eu-west-1',
    ...record,
  };
  const made = eventFromBytes(Buffer.from(JSON.stringify(whole)), { fallbackAccountId: '111111111111' });
  if ('refused' in made) throw new Error(made.refused.message);
  return made.event;
}
const basic = (changes: Partial<BasicSelector>): Selectors => ({
  basic: [
    {
      ReadWriteType: 'All',
      IncludeManagementEvents: true,
      DataResources: [],
      ExcludeManagementEventSources: [],
      ...changes,
    },
  ],
});
const advanced = (...fields: FieldSelector[]): Selectors => ({ advanced: [{ FieldSelectors: fields }] });
const logs = (selectors: Selectors, record: object) => compileSelectors(selectors)(event(record));

const READ = { eventCategory: 'Management', readOnly: true };
const WRITE = { eventCategory: 'Management', readOnly: false };
const object = (arn: string, more: object = {}) => ({
  eventCategory: 'Data',
  readOnly: true,
  resources: [
    { type: 'AWS::S3::Object', ARN: arn },
    { accountId: '1', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::bucket' },
  ],
  ...more,
});

describe('basic selectors', () => {
  it('choose management events by kind and source', () => {
    expect(logs(DEFAULT_SELECTORS, READ) && logs(DEFAULT_SELECTORS, WRITE)).toBe(true);
    expect(logs(DEFAULT_SELECTORS, object('arn:aws:s3:::bucket/a'))).toBe(false);
    expect(logs(DEFAULT_SELECTORS, { eventCategory: 'Insight' })).toBe(false);
    expect(logs(DEFAULT_SELECTORS, { eventCategory: 'NetworkActivity' })).toBe(false);
    expect([READ, WRITE, {}].map((r) => logs(basic({ ReadWriteType: 'ReadOnly' }), r))).toEqual([true, false, false]);
    expect([READ, WRITE, {}].map((r) => logs(basic({ ReadWriteType: 'WriteOnly' }), r))).toEqual([false, true, true]);
    expect(logs(basic({ IncludeManagementEvents: false }), READ)).toBe(false);
    const noKms = basic({ ExcludeManagementEventSources: ['kms.amazonaws.com'] });
    expect(logs(noKms, { ...READ, eventSource: 'kms.amazonaws.com' })).toBe(false);
    expect(logs(noKms, READ)).toBe(true);
  });

  it('choose data events by resource', () => {
    const data = (Type: string, ...Values: string[]) => basic({ DataResources: [{ Type, Values }] });
    const s3 = (...values: string[]) => data('AWS::S3::Object', ...values);
    const a = object('arn:aws:s3:::bucket/a/1');
    for (const value of ['arn:aws:s3', 'arn:aws:s3:::', 'arn:aws:s3:::bucket/', 'arn:aws:s3:::bucket/a/']) {
      expect(logs(s3(value), a)).toBe(true);
    }
    expect(logs(s3('arn:aws:s3:::bucket/b', 'arn:aws:s3:::buck/'), a)).toBe(false);
    expect(logs(s3(), a)).toBe(false);
    expect(logs(data('AWS::Lambda::Function', 'arn:aws:s3'), a)).toBe(false);
    const listing = { ...a, resources: [{ type: 'AWS::S3::Object', ARNPrefix: 'arn:aws:s3:::bucket/' }] };
    expect(logs(s3('arn:aws:s3:::bucket/'), listing)).toBe(true);
    const writes = {
      ...s3('arn:aws:s3'),
      basic: [{ ...(s3('arn:aws:s3') as { basic: BasicSelector[] }).basic[0]!, ReadWriteType: 'WriteOnly' as const }],
    };
    expect(logs(writes, a)).toBe(false);

    const lambda = 'arn:aws:lambda:us-east-1:1:function:helloworld';
    const invoke = (ARN: string) => ({ eventCategory: 'Data', resources: [{ type: 'AWS::Lambda::Function', ARN }] });
    expect(logs(data('AWS::Lambda::Function', 'arn:aws:lambda'), invoke(lambda))).toBe(true);
    expect(
      [lambda, `${lambda}:3`, `${lambda}2`].map((arn) => logs(data('AWS::Lambda::Function', lambda), invoke(arn))),
    ).toEqual([true, true, false]);
    const table = 'arn:aws:dynamodb:us-east-1:1:table/T';
    const stream = {
      eventCategory: 'Data',
      resources: [{ type: 'AWS::DynamoDB::Stream', ARN: `${table}/stream/2026` }],
    };
    expect(logs(data('AWS::DynamoDB::Table', table), stream)).toBe(true);
    expect(logs(data('AWS::DynamoDB::Table', `${table}2`), stream)).toBe(false);
  });
});

describe('advanced selectors', () => {
  const category = (name: string) => ({ Field: 'eventCategory', Equals: [name] });

  it("work through the user guide's example of one field", () => {
    const bucket = 'arn:aws:s3:::bucket/';
    const guide = advanced(
      category('Data'),
      { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
      {
        Field: 'resources.ARN',
        Equals: ['arn:aws:s3:::other/object1'],
        StartsWith: [bucket],
        EndsWith: ['object3'],
        NotStartsWith: [`${bucket}deselect`],
        NotEndsWith: ['object5'],
        NotEquals: [`${bucket}object6`],
      },
    );
    const arns = ['arn:aws:s3:::other/object1', `${bucket}object2`, 'arn:aws:s3:::third/object3'];
    const not = [`${bucket}deselectObject4`, `${bucket}object5`, `${bucket}object6`, 'arn:aws:s3:::other/x'];
    expect(arns.map((arn) => logs(guide, object(arn)))).toEqual([true, true, true]);
    expect(not.map((arn) => logs(guide, object(arn)))).toEqual([false, false, false, false]);
  });

  it('test type and ARN on the same resource', () => {
    const selectors = advanced(
      { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
      { Field: 'resources.ARN', Equals: ['arn:aws:s3:::bucket'] },
    );
    expect(logs(selectors, object('arn:aws:s3:::bucket/a'))).toBe(false);
    expect(logs(advanced({ Field: 'resources.type', Equals: ['T'] }), { resources: 'odd' })).toBe(false);
  });

  it('read fields deep in the record, and pass events without them unless they must have a value', () => {
    const role = {
      userIdentity: { arn: 'arn:role/x' },
      errorCode: 'VpceAccessDenied',
      sessionCredentialFromConsole: 'true',
    };
    const one = (f: FieldSelector, record: object) => logs(advanced(f), record);
    expect(one({ Field: 'userIdentity.arn', EndsWith: ['/x'] }, role)).toBe(true);
    expect(one({ Field: 'userIdentity.arn', EndsWith: ['/x'] }, {})).toBe(false);
    expect(one({ Field: 'userIdentity.arn', NotEndsWith: ['/x'] }, role)).toBe(false);
    expect(one({ Field: 'userIdentity.arn', NotEndsWith: ['/x'] }, { userIdentity: 7 })).toBe(true);
    expect(one({ Field: 'errorCode', Equals: ['VpceAccessDenied'] }, role)).toBe(true);
    expect(one({ Field: 'sessionCredentialFromConsole', NotEquals: ['true'] }, role)).toBe(false);
    expect(one({ Field: 'sessionCredentialFromConsole', NotEquals: ['true'] }, {})).toBe(true);
    expect(one({ Field: 'readOnly', Equals: ['false'] }, WRITE)).toBe(true);
    expect(one({ Field: 'readOnly', Equals: ['false'] }, READ)).toBe(false);
    expect(one({ Field: 'constructor', Equals: ['x'] }, {})).toBe(false);
  });

  it('parse no record when the header decides', () => {
    const broken = { header: event(WRITE).header, json: Buffer.from('never parsed') };
    const selectors = advanced({ Field: 'errorCode', Equals: ['x'] }, category('Data'));
    expect(compileSelectors(selectors)(broken)).toBe(false);
    expect(compileSelectors(DEFAULT_SELECTORS)(broken)).toBe(true);
  });

  it('agree with the rule as the guide writes it, for any fields and values', () => {
    const names = fc.constantFrom('GetObject', 'PutObject', 'Get', 'Object', 'PutBucketAcl', '');
    const list = fc.option(fc.array(names, { minLength: 1, maxLength: 3 }), { nil: undefined });
    const operators = fc.record({
      Equals: list,
      StartsWith: list,
      EndsWith: list,
      NotEquals: list,
      NotStartsWith: list,
      NotEndsWith: list,
    });
    const field = fc.tuple(fc.constantFrom('eventName', 'errorCode', 'eventType', 'userIdentity.arn'), operators);
    const record = fc.record({
      eventName: names.filter(Boolean),
      errorCode: fc.option(names, { nil: undefined }),
      eventType: fc.option(names, { nil: undefined }),
      userIdentity: fc.option(fc.record({ arn: names }), { nil: undefined }),
    });
    const holds = (value: string | undefined, o: Omit<FieldSelector, 'Field'>) => {
      const v = value;
      const hit = (values: readonly string[] | undefined, test: (v: string, x: string) => boolean) =>
        v !== undefined && (values ?? []).some((x) => test(v, x));
      const equal = (v: string, x: string) => v === x;
      const start = (v: string, x: string) => v.startsWith(x);
      const end = (v: string, x: string) => v.endsWith(x);
      const noSelect = !o.Equals && !o.StartsWith && !o.EndsWith;
      const selected = noSelect || hit(o.Equals, equal) || hit(o.StartsWith, start) || hit(o.EndsWith, end);
      return selected && !(hit(o.NotEquals, equal) || hit(o.NotStartsWith, start) || hit(o.NotEndsWith, end));
    };
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
        record,
        (selectors, r) => {
          const value = (name: string) =>
            name === 'userIdentity.arn' ? r.userIdentity?.arn : (r as Record<string, string | undefined>)[name];
          const expected = selectors.some((fields) =>
            fields.every(([name, o]) => holds(value(name), o as Omit<FieldSelector, 'Field'>)),
          );
          const compiled = {
            advanced: selectors.map((fields) => ({
              FieldSelectors: fields.map(([Field, o]) => ({ Field, ...o }) as FieldSelector),
            })),
          };
          expect(logs(compiled, r)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('globalServiceEvent', () => {
  it('knows the services without Regions, in us-east-1 only', () => {
    const is = (eventSource: string, awsRegion: string) => globalServiceEvent(event({ eventSource, awsRegion }).header);
    expect(is('iam.amazonaws.com', 'us-east-1')).toBe(true);
    expect(is('sts.amazonaws.com', 'eu-west-1')).toBe(false);
    expect(is('ec2.amazonaws.com', 'us-east-1')).toBe(false);
  });
});

describe.skipIf(!realDataDir)('selectors on real data (../shared/data)', () => {
  it('split reads from writes without losing or repeating one', () => {
    const reads = compileSelectors(basic({ ReadWriteType: 'ReadOnly' }));
    const writes = compileSelectors(
      advanced({ Field: 'eventCategory', Equals: ['Management'] }, { Field: 'readOnly', Equals: ['false'] }),
    );
    const all = compileSelectors(DEFAULT_SELECTORS);
    for (const { bytes } of realFiles('events', '.ndjson')) {
      for (const slice of sliceRecords(bytes)) {
        const made = 'json' in slice ? eventFromBytes(slice.json, { fallbackAccountId: '111111111111' }) : slice;
        if (!('event' in made)) throw new Error(made.refused.message);
        expect(Number(reads(made.event)) + Number(writes(made.event))).toBe(Number(all(made.event)));
      }
    }
  });
});
