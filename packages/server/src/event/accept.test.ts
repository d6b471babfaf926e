import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import { eventFromBytes } from './accept.ts';
import { decodeHeader, encodeHeader } from './header.ts';
import { RECORD_BYTES_MAX, sliceRecords } from './slice.ts';

const FALLBACK = { fallbackAccountId: '999999999999' };
const RECORD = {
  eventVersion: '1.08',
  userIdentity: { type: 'IAMUser', accountId: '111111111111', accessKeyId: 'AKIAEXAMPLE', userName: 'Alice' },
  eventTime: '2023-07-10T11:42:36Z',
  eventSource: 'iam.amazonaws.com',
  eventName: 'CreateRole',
  awsRegion: 'us-east-1',
  requestParameters: { roleName: 'admin' },
  responseElements: null,
  eventID: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
  readOnly: false,
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '222222222222',
  eventCategory: 'Management',
};
const accept = (record: unknown, options = {}) =>
  eventFromBytes(Buffer.from(JSON.stringify(record)), { ...FALLBACK, ...options });
const header = (changes: object, options = {}) => {
  const made = accept({ ...RECORD, ...changes }, options);
  if ('refused' in made) throw new Error(made.refused.message);
  return made.event.header;
};
const code = (record: unknown) => {
  const made = accept(record);
  return 'refused' in made ? made.refused.code : 'taken';
};

describe('eventFromBytes', () => {
  it('keeps the bytes and reads the header', () => {
    const json = Buffer.from(JSON.stringify(RECORD, null, 2));
    const made = eventFromBytes(json, FALLBACK);
    expect(made).toEqual({
      event: {
        json,
        header: {
          timeMs: Date.UTC(2023, 6, 10, 11, 42, 36),
          accountId: '222222222222',
          region: 'us-east-1',
          category: 'Management',
          readOnly: false,
          eventId: RECORD.eventID,
          eventName: 'CreateRole',
          eventSource: 'iam.amazonaws.com',
          username: 'Alice',
          accessKeyId: 'AKIAEXAMPLE',
          resources: [['AWS::IAM::Role', 'admin']],
        },
      },
    });
    expect('event' in made && made.event.json).toBe(json);
  });

  it('files under the account that the importer, the record or its identity says', () => {
    expect(header({}, { accountId: '333333333333' }).accountId).toBe('333333333333');
    expect(header({ recipientAccountId: undefined }).accountId).toBe('111111111111');
    expect(header({ recipientAccountId: '../up', userIdentity: {} }).accountId).toBe('999999999999');
    expect(header({ recipientAccountId: undefined, userIdentity: undefined }).accountId).toBe('999999999999');
  });

  it('takes odd but real records', () => {
    expect(header({ eventID: 'not-a-uuid' }).eventId).toBe('not-a-uuid');
    expect(header({ awsRegion: 'apiso-northsouth-3r' }).region).toBe('apiso-northsouth-3r');
    expect(header({ awsRegion: undefined }).region).toBe('us-east-1');
    expect(header({ readOnly: undefined }).readOnly).toBeUndefined();
    expect(header({ readOnly: 'true' }).readOnly).toBe(true);
    expect(header({ eventTime: '2023-07-10T11:42:36.250+02:00' }).timeMs).toBe(Date.UTC(2023, 6, 10, 9, 42, 36, 250));
    const insight = { eventSource: 'ec2.amazonaws.com', eventName: 'RunInstances' };
    const { eventName: _, eventSource: __, ...rest } = RECORD;
    const made = accept({ ...rest, insightDetails: insight, eventCategory: 'Insight' });
    expect('event' in made && made.event.header).toMatchObject({ ...insight, category: 'Insight' });
  });

  it('gives a record without eventID one that depends on its bytes alone', () => {
    const id = header({ eventID: undefined }).eventId;
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(header({ eventID: undefined }).eventId).toBe(id);
    expect(header({ eventID: undefined, eventName: 'Other' }).eventId).not.toBe(id);
  });

  it('tells the category of versions that do not say it', () => {
    const category = (changes: object) => header({ eventCategory: undefined, ...changes }).category;
    expect(category({})).toBe('Management');
    expect(category({ managementEvent: undefined })).toBe('Management');
    expect(category({ managementEvent: false })).toBe('Data');
    expect(category({ eventType: 'AwsVpceEvent', managementEvent: undefined })).toBe('NetworkActivity');
    expect(category({ eventType: 'AwsCloudTrailInsight' })).toBe('Insight');
    expect(header({ eventCategory: 'Aggregated' }).category).toBe('Other');
  });

  it('refuses what cannot be a record', () => {
    expect(code([RECORD])).toBe('NotARecord');
    expect(code('text')).toBe('NotARecord');
    expect(code(null)).toBe('NotARecord');
    for (const field of ['eventTime', 'eventName', 'eventSource']) {
      expect(code({ ...RECORD, [field]: undefined })).toBe('NotARecord');
      expect(code({ ...RECORD, [field]: 7 })).toBe('NotARecord');
    }
    for (const eventTime of [
      'yesterday',
      '2023-07-10',
      '2023-13-10T11:42:36Z',
      '1688989356',
      '',
      '1969-12-31T23:59:59Z',
    ]) {
      expect(code({ ...RECORD, eventTime })).toBe('InvalidEventTime');
    }
    for (const awsRegion of ['../../etc', '', 'a b', 7]) expect(code({ ...RECORD, awsRegion })).toBe('InvalidRegion');
    expect(code({ ...RECORD, requestParameters: { a: 'x'.repeat(RECORD_BYTES_MAX) } })).toBe('RecordTooLarge');
    const refusal = (bytes: Buffer) => {
      const made = eventFromBytes(bytes, FALLBACK);
      return 'refused' in made && made.refused.code;
    };
    expect(refusal(Buffer.from('{"eventTime":'))).toBe('MalformedJson');
    expect(refusal(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('MalformedJson');
  });

  it('answers any JSON with an event or a refusal, and its header can be stored', () => {
    const field = fc.constantFrom(...Object.keys(RECORD), 'resources', 'insightDetails', 'managementEvent');
    fc.assert(
      fc.property(fc.array(fc.tuple(field, fc.jsonValue()), { maxLength: 6 }), (changes) => {
        const made = accept({ ...RECORD, ...Object.fromEntries(changes) });
        if ('refused' in made) return;
        const bytes = encodeHeader(made.event.header);
        expect(decodeHeader(bytes, 0, bytes.length)).toEqual(made.event.header);
      }),
    );
  });
});

describe.skipIf(!realDataDir)('eventFromBytes on real data (../shared/data)', () => {
  it('takes every record', () => {
    let taken = 0;
    const folders = [
      ['events', '.ndjson'],
      ['events/whole-files/invictus', '.json'],
      ['documented-examples', '.json'],
    ] as const;
    for (const { name, bytes } of folders.flatMap(([folder, suffix]) => realFiles(folder, suffix))) {
      for (const slice of sliceRecords(bytes)) {
        if ('refused' in slice) throw new Error(`${name}:${slice.line}: ${slice.refused.message}`);
        const made = eventFromBytes(slice.json, FALLBACK);
        if ('refused' in made) throw new Error(`${name}:${slice.line}: ${made.refused.message}`);
        const { header } = made.event;
        const stored = encodeHeader(header);
        expect(decodeHeader(stored, 0, stored.length)).toEqual(header);
        taken++;
      }
    }
    expect(taken).toBeGreaterThan(2_047);
  });
});
