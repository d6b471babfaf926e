import { describe, expect, test } from 'vitest';
import { FINDINGS } from '../../../../../server/src/verify/findings.ts';
import { binsOf, isQuiet, sortedLanes, spanOf, ticksOf } from './bins.ts';
import { createCollector, percentOf, wrongOf } from './collected.ts';
import { csvReport, jsonReport, reportName, textReport } from './export.ts';
import { KNOWN_FINDINGS, meaningOf } from './findings.ts';
import type { Line, ObjectLine, Report } from './lines.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const object = (
  Type: ObjectLine['Type'],
  State: ObjectLine['State'],
  minute: number,
  more: Partial<ObjectLine> = {},
): ObjectLine => ({
  Type,
  State,
  Key: `${Type} ${minute}`,
  AccountId: '123456789012',
  Region: 'us-east-1',
  Time: at(minute),
  ...more,
});
const REPORT: Report = {
  Type: 'report',
  TrailARN: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main',
  S3BucketName: 'logs',
  StartTime: new Date(0).toISOString(),
  EndTime: at(60),
  Result: 'invalid',
  Digests: { Checked: 2, Valid: 2 },
  LogFiles: { Checked: 3, Valid: 1 },
  Records: 7,
  Findings: [
    { Code: 'log-files-not-covered-yet', Severity: 'notice', Object: 'folder', Message: 'newer' },
    { Code: 'log-file-missing', Severity: 'invalid', Object: '=key', Message: 'gone' },
  ],
};
const LINES: readonly Line[] = [
  { Type: 'progress', Phase: 'digests', Done: 1, Total: 2 },
  object('digest', 'valid', 0, { StartTime: at(-60) }),
  object('digest', 'valid', 60),
  object('log-file', 'valid', 10),
  object('log-file', 'missing', 20, { Key: '=key', Findings: ['log-file-missing'] }),
  object('log-file', 'changed', 20, { Region: 'eu-west-1' }),
  object('log-file', 'valid', 20, { Time: null }),
  REPORT,
];
function collected(lines: readonly Line[] = LINES) {
  const collector = createCollector();
  for (const line of lines) collector.take(line);
  return collector.snapshot();
}

describe('what is collected', () => {
  test('is counted, laid into lanes and listed', () => {
    const all = collected();
    expect(all.counts).toEqual({
      digest: { valid: 2, missing: 0, changed: 0, unlisted: 0 },
      'log-file': { valid: 2, missing: 1, changed: 1, unlisted: 0 },
    });
    expect(wrongOf(all)).toBe(2);
    expect([...all.lanes.keys()]).toEqual(['123456789012 us-east-1', '123456789012 eu-west-1']);
    expect(all.objects).toHaveLength(6);
    expect(all.report?.Result).toBe('invalid');
  });
  test('lists what is wrong however much is valid', () => {
    const many = Array.from({ length: 20_010 }, (_, i) => object('log-file', 'valid', i));
    const all = collected([...many, object('log-file', 'missing', 1)]);
    expect([all.objects.length, all.unlistedValid, all.counts['log-file'].valid]).toEqual([20_001, 10, 20_010]);
    expect(all.lanes.get('123456789012 us-east-1')?.marks['log-file'].valid).toHaveLength(20_010);
  });
  test('progress', () => {
    expect(percentOf(collected([]))).toBeUndefined();
    const percent = (Phase: string, Done: number, Total?: number) =>
      percentOf(collected([{ Type: 'progress', Phase, Done, ...(Total !== undefined && { Total }) }]));
    expect([
      percent('listing', 5),
      percent('digests', 1, 2),
      percent('log files', 1, 2),
      percent('log files', 0, 0),
    ]).toEqual([undefined, 10, 60, 100]);
  });
});

describe('the drawing', () => {
  test('spans what there is', () => {
    const { lanes } = collected();
    expect(spanOf(lanes.values())).toEqual({ startMs: Date.parse(at(0)), endMs: Date.parse(at(60)) });
    expect(spanOf([])).toBeUndefined();
    const one = collected([object('digest', 'valid', 0)]);
    expect(spanOf(one.lanes.values())).toEqual({
      startMs: Date.parse(at(0)) - 30_000,
      endMs: Date.parse(at(0)) + 30_000,
    });
  });
  test('shows the worst of what stands close', () => {
    const { lanes } = collected([
      object('log-file', 'valid', 0),
      object('log-file', 'missing', 1),
      object('log-file', 'changed', 1),
      object('log-file', 'valid', 60),
    ]);
    const [lane] = lanes.values();
    const bins = binsOf(lane!.marks['log-file'], spanOf(lanes.values())!, 10);
    expect(bins.map(({ index, state }) => [index, state])).toEqual([
      [0, 'missing'],
      [9, 'valid'],
    ]);
    expect(bins[0]!.counts).toEqual({ valid: 1, missing: 1, changed: 1, unlisted: 0 });
    expect(binsOf(lane!.marks['log-file'], { startMs: 0, endMs: 1 }, 10)).toEqual([]);
  });
  test('has lanes with something wrong first, and round times below', () => {
    const lines = [
      object('digest', 'valid', 0, { Region: 'a' }),
      object('digest', 'changed', 0, { Region: 'c' }),
      object('digest', 'valid', 0, { Region: 'b' }),
    ];
    expect(sortedLanes(collected(lines).lanes.values()).map(({ region }) => region)).toEqual(['c', 'a', 'b']);
    const quiet = collected([...lines, object('log-file', 'valid', 1, { Region: 'b' })]).lanes.values();
    expect([...quiet].filter(isQuiet).map(({ region }) => region)).toEqual(['a']);
    const ticks = ticksOf({ startMs: Date.parse(at(1)), endMs: Date.parse(at(60)) }, 6);
    expect(ticks.map((ms) => new Date(ms).toISOString())).toEqual([15, 30, 45, 60].map(at));
    for (const days of [0, 1, 30, 400, 40_000]) {
      expect(ticksOf({ startMs: 0, endMs: days * 86_400_000 + 1 }, 6).length).toBeLessThanOrEqual(12);
    }
  });
});

test('every finding of the server has its words', () => {
  expect([...KNOWN_FINDINGS].sort()).toEqual(Object.keys(FINDINGS).sort());
  expect(meaningOf('something-new')).toBe('something-new');
});

describe('reports', () => {
  const made = Date.parse(at(90));
  test('as JSON', () => {
    const report = JSON.parse(jsonReport(collected(), made)) as Record<string, unknown>;
    expect(report).toMatchObject({ Result: 'invalid', ReportTime: at(90), FurtherValidObjects: 0 });
    expect(report.Type).toBeUndefined();
    expect(report.Objects).toHaveLength(6);
  });
  test('as text, what is invalid first', () => {
    const text = textReport(collected(), made);
    expect(text).toContain('From:      the beginning');
    expect(text).toContain('Log files: 1 of 3 valid (1 missing, 1 changed)');
    expect(text.indexOf('log-file-missing')).toBeLessThan(text.indexOf('log-files-not-covered-yet'));
    expect(textReport(collected([]), made)).toBe('');
  });
  test('as CSV, which no spreadsheet runs', () => {
    const lines = csvReport(collected()).split('\r\n');
    expect(lines).toHaveLength(8);
    expect(lines[4]).toBe(`missing,log-file,${at(20)},,123456789012,us-east-1,'=key,log-file-missing`);
  });
  test('as CSV, in which former buckets are named', () => {
    const former = object('log-file', 'valid', 20, { Key: 'AWSLogs/x', S3BucketName: 'former' });
    expect(csvReport(collected([former]))).toContain(',s3://former/AWSLogs/x,');
  });
  test('have a name that every system takes', () => {
    expect(reportName(collected(), made, 'csv')).toBe('opentrail-integrity-main-2026-01-01T01-30-00Z.csv');
  });
});
