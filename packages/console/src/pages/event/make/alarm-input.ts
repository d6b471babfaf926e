import type { AuditRecord } from '../../../parts/events/record.ts';
import { nameFor } from '../logic/conditions.ts';
import type { TrailGroup } from './log-groups.ts';

/** What stands in the form: text as it was typed. */
export interface AlarmInput {
  readonly group: TrailGroup;
  readonly name: string;
  readonly threshold: string;
  readonly periodSeconds: string;
  /** ARN; '' for none. */
  readonly topicArn: string;
}

export const PERIODS = [
  { value: '60', label: '1 minute' },
  { value: '300', label: '5 minutes' },
  { value: '900', label: '15 minutes' },
  { value: '3600', label: '1 hour' },
];

export const initialInput = (group: TrailGroup, record: AuditRecord): AlarmInput => ({
  group,
  name: nameFor(record),
  threshold: '1',
  periodSeconds: '300',
  topicArn: '',
});

export interface AlarmProblems {
  readonly name: string;
  readonly threshold: string;
}

/** What is wrong with each; '' where nothing is. Metrics and alarms have 255 characters; metric filters take no `:` and `*`. */
export const problemsOf = ({ name, threshold }: AlarmInput): AlarmProblems => ({
  name: /^[^:*]{1,255}$/.test(name) ? '' : 'A name has 1 to 255 characters, and neither ":" nor "*".',
  threshold: /^[1-9]\d{0,8}$/.test(threshold) ? '' : 'A whole number from 1 on.',
});
