/** The lines of VerifyTrail (docs/native-api.md). */
export type ObjectState = 'valid' | 'missing' | 'changed' | 'unlisted';
export type ObjectKind = 'digest' | 'log-file';

export interface ObjectLine {
  readonly Type: ObjectKind;
  readonly State: ObjectState;
  readonly Key: string;
  /** Of what lies in a bucket to which the trail delivered formerly. */
  readonly S3BucketName?: string;
  readonly AccountId: string;
  readonly Region: string;
  /** A digest's beginning. */
  readonly StartTime?: string | null;
  /** A digest's end, a log file's delivery. */
  readonly Time: string | null;
  readonly Findings?: readonly string[];
}

export interface TrailLine {
  readonly Type: 'trail';
  readonly TrailARN: string;
  readonly S3BucketName: string;
  readonly StartTime: string;
  readonly EndTime: string;
}

export interface ProgressLine {
  readonly Type: 'progress';
  readonly Phase: string;
  readonly Done: number;
  readonly Total?: number;
}

export interface Tally {
  readonly Checked: number;
  readonly Valid: number;
}

export interface Finding {
  readonly Code: string;
  readonly Severity: 'invalid' | 'notice';
  readonly Object: string;
  readonly Message: string;
}

export interface Report extends Omit<TrailLine, 'Type'> {
  readonly Type: 'report';
  readonly Result: 'valid' | 'invalid' | 'nothing-found';
  readonly Digests: Tally;
  readonly LogFiles: Tally;
  readonly Records: number;
  readonly Findings: readonly Finding[];
}

export interface ErrorLine {
  readonly Type: 'error';
  readonly Code: string;
  readonly Message: string;
}

export type Line = ObjectLine | TrailLine | ProgressLine | Report | ErrorLine;
