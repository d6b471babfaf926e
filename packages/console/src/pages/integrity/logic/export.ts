import { csvLine } from '../../../../../server/src/event/search/csv.ts';
import type { Collected } from './collected.ts';
import { meaningOf } from './findings.ts';
import type { ObjectLine, Report } from './lines.ts';

/** The report as JSON: what the server found, and of each listed object what it is worth. */
export function jsonReport(collected: Collected, madeMs: number): string {
  const { report, objects, unlistedValid } = collected;
  const made = new Date(madeMs).toISOString();
  return `${JSON.stringify({ ...report, Type: undefined, ReportTime: made, Objects: objects, FurtherValidObjects: unlistedValid }, null, 2)}\n`;
}

const RESULTS: Readonly<Record<Report['Result'], string>> = {
  valid: 'VALID: all digests and log files are as they were delivered',
  invalid: 'INVALID: see the findings',
  'nothing-found': 'NOTHING FOUND: there is no digest in this range, so nothing can be said',
};

/** The report for people, who may print it. */
export function textReport({ report, counts }: Collected, madeMs: number): string {
  if (!report) return '';
  const { Digests, LogFiles, Records, Findings } = report;
  return [
    'OpenTrail integrity report',
    `Made at:   ${new Date(madeMs).toISOString()}`,
    `Trail:     ${report.TrailARN}`,
    `Bucket:    ${report.S3BucketName}`,
    `From:      ${Date.parse(report.StartTime) === 0 ? 'the beginning' : report.StartTime}`,
    `To:        ${report.EndTime}`,
    '',
    `Result:    ${RESULTS[report.Result]}`,
    `Digests:   ${Digests.Valid} of ${Digests.Checked} valid (${missingText(counts.digest)})`,
    `Log files: ${LogFiles.Valid} of ${LogFiles.Checked} valid (${missingText(counts['log-file'])})`,
    `Records:   ${Records}`,
    '',
    Findings.length === 0 ? 'No findings.' : `Findings (${Findings.length}):`,
    ...[...Findings]
      .sort(invalidFirst)
      .flatMap(({ Code, Severity, Object: about, Message }) => [
        '',
        `${Severity === 'invalid' ? 'INVALID' : 'NOTICE '}  ${Code}`,
        `  ${about}`,
        `  ${Message}`,
        `  ${meaningOf(Code)}`,
      ]),
    '',
  ].join('\n');
}

const missingText = ({ missing, changed, unlisted }: Collected['counts']['digest']): string =>
  [`${missing} missing`, `${changed} changed`, ...(unlisted > 0 ? [`${unlisted} in no digest`] : [])].join(', ');

const invalidFirst = (a: { readonly Severity: string }, b: { readonly Severity: string }): number =>
  Number(b.Severity === 'invalid') - Number(a.Severity === 'invalid');

/** Each listed object in a line. */
export function csvReport({ objects }: Collected): string {
  const head = ['State', 'Kind', 'Time', 'Start time', 'Account', 'Region', 'Object', 'Findings'];
  const lines = objects.map((object) => {
    const { State, Type, Time, StartTime, AccountId, Region, Findings = [] } = object;
    return csvLine([State, Type, Time ?? '', StartTime ?? '', AccountId, Region, placeOf(object), Findings.join(' ')]);
  });
  return csvLine(head) + lines.join('');
}

/** As findings name it: its key, with the bucket where that is not the trail's. */
const placeOf = ({ Key, S3BucketName }: ObjectLine): string =>
  S3BucketName === undefined ? Key : `s3://${S3BucketName}/${Key}`;

/** `opentrail-integrity-main-2026-01-31T10-00-00Z.json` */
export function reportName({ report }: Collected, madeMs: number, ending: string): string {
  const trail = (report?.TrailARN.split('/').at(-1) ?? 'trail').replace(/[^\w.-]/g, '_');
  return `opentrail-integrity-${trail}-${new Date(madeMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z.${ending}`;
}
