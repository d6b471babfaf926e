/** What tells one list of values from another: values of different units are kept apart. */
export interface MetricSeries {
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
  readonly name: string;
  /** In order of their names. */
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  readonly unit: string;
}

/** Values of one stretch of time, as far as they are needed for statistics. */
export interface MetricPoint {
  /** Where the stretch begins, in whole seconds since the epoch. */
  readonly second: number;
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** Distinct values, and how often each came. Absent where `min` is `max`, and where they are not known. */
  readonly values?: readonly (readonly [value: number, count: number])[];
}

/** What raised a value, such as the log event that a metric filter counted. */
export interface PointCause {
  readonly eventId?: string;
  readonly message: string;
  readonly timestampMs: number;
}

export interface MetricWrite {
  readonly series: MetricSeries;
  readonly point: MetricPoint;
  readonly causes?: readonly PointCause[];
}

/** A metric of an account and Region, whatever the unit. */
export type MetricId = Pick<MetricSeries, 'namespace' | 'name' | 'dimensions'>;

export interface KnownSeries extends MetricSeries {
  readonly id: number;
  /** The latest point's time. */
  readonly lastSecond: number;
}

/** Tells a put from one before it: one whose number is not above the last that was taken of its source is passed over. */
export interface OncePut {
  readonly source: string;
  readonly sequence: number;
}

/**
 * Values of metrics by time.
 *
 * - `put` MUST resolve only when all writes are durable, and MUST keep all of them, and `once`, or none. Points of the same second are
 *   added up. It throws `Pushback` when the disk is full or more series are known than can be held.
 * - Reads see every put that resolved before them, whatever maintenance does meanwhile.
 * - Points of single seconds become minutes after 3 hours, 5 minutes after 15 days, hours after 63 days, and go after
 *   455 days (CloudWatch user guide, "Metrics retention"). Causes go after 15 days.
 */
export interface MetricStore {
  put(writes: readonly MetricWrite[], once?: OncePut): Promise<void>;
  /** Series of an account in a Region; of one metric with exactly these dimensions, where it is named. */
  series(accountId: string, region: string, metric?: MetricId): readonly KnownSeries[];
  /** In order of time, one a second at most. @param endSecond not included */
  read(id: number, startSecond: number, endSecond: number): Promise<MetricPoint[]>;
  /** The newest few of each minute, in order of time. @param endSecond not included */
  causes(id: number, startSecond: number, endSecond: number): Promise<PointCause[]>;
  /** Moves what is in memory to files, joins files and lets go of what is too old. */
  maintain(nowMs: number): Promise<void>;
  close(): Promise<void>;
}
