import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PutEventSelectorsRequest } from '@aws-sdk/client-cloudtrail';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { DEFAULT_SELECTORS } from '../../event/selectors.ts';
import type { Log, StoredEvent } from '../../ports/log.ts';
import type { State } from '../../ports/state.ts';
import { type TrailRules, trailJudge } from '../../trails/judge.ts';
import { type MembersOf, readMembers } from '../../trails/members.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { TrailOrganizations } from '../cloudtrail/deps.ts';
import { parseSelectors } from '../cloudtrail/event-selectors.ts';
import { administered } from '../cloudtrail/organization.ts';
import { limitAtOnce } from './at-once.ts';
import { placeOfTime, scanFairly } from './log-scan.ts';

/** Each reads the Log for seconds. */
const AT_ONCE = { what: 'tests of selectors', max: 4, ofAccountMax: 2 };
const DAY_MS = 24 * 3_600_000;
/** Of which gzip's ratio is estimated. */
const SAMPLE_BYTES = 1024 * 1024;
/** As delivery compresses log files. */
const GZIP_LEVEL = 3;
/** Bounds the answer; the rest is few events each. */
const SOURCES_MAX = 100;

type Selectors = Pick<PutEventSelectorsRequest, 'EventSelectors' | 'AdvancedEventSelectors'>;

interface TestInput extends Selectors {
  readonly IsMultiRegionTrail?: boolean;
  readonly IncludeGlobalServiceEvents?: boolean;
  readonly IsOrganizationTrail?: boolean;
  /** Default: the signature's. */
  readonly HomeRegion?: string;
  readonly StartTime?: Date;
  readonly EndTime?: Date;
}

export interface TestEventSelectorsDeps {
  readonly log: Log;
  readonly state: State;
  readonly clock: Clock;
  readonly organizations: TrailOrganizations;
}

/** Of a group of events. */
interface Tally {
  events: number;
  bytes: number;
}

/**
 * TestEventSelectors: what a trail of the caller with these selectors and settings would have logged, by the same judge
 * as delivery. When there are more events than can be read in a moment, a fair sample of them is, and the figures are
 * reckoned up from it.
 */
export function createTestEventSelectors(deps: TestEventSelectorsDeps): Handler {
  const enter = limitAtOnce(AT_ONCE);
  return async (context, input: TestInput) => {
    const { startMs, endMs } = rangeOf(context, input);
    const { accountId, rules, membersOf } = await rulesOf(deps, context, input);
    const homeRegion = input.HomeRegion ?? context.region;
    const logs = trailJudge({ accountId, homeRegion }, rules, membersOf);
    const isOurs = ({ header }: StoredEvent, covered: boolean) => covered || header.accountId === accountId;
    const { organizationId } = rules;
    const release = enter(context.caller.accountId);
    try {
      const counts = createCounts();
      const from = await placeOfTime(deps.log, startMs);
      const to = await placeOfTime(deps.log, endMs);
      const share = await scanFairly(deps, { from, to, signal: context.signal }, (event) => {
        const covered = organizationId !== undefined && membersOf(organizationId).cover(event);
        if (isOurs(event, covered)) counts.see(event, logs(event));
      });
      return { StartTime: new Date(startMs), EndTime: new Date(endMs), ...(await counts.answer(share)) };
    } finally {
      release();
    }
  };
}

function rangeOf(context: CallContext, { StartTime, EndTime }: TestInput) {
  const endMs = EndTime?.getTime() ?? context.timeMs;
  const startMs = StartTime?.getTime() ?? endMs - DAY_MS;
  if (!(startMs <= endMs)) throw new AwsError('ValidationException', 'StartTime must not be after EndTime.');
  return { startMs, endMs };
}

/** @throws AwsError InvalidEventSelectorsException, and what stands against an organization trail */
async function rulesOf(deps: TestEventSelectorsDeps, context: CallContext, input: TestInput) {
  const isDefault = input.EventSelectors === undefined && input.AdvancedEventSelectors === undefined;
  const rules: TrailRules = {
    selectors: isDefault ? DEFAULT_SELECTORS : parseSelectors(input),
    isMultiRegion: input.IsMultiRegionTrail === true,
    includeGlobalServiceEvents: input.IncludeGlobalServiceEvents !== false,
  };
  const own = { accountId: context.caller.accountId, rules, membersOf: NOBODY };
  if (input.IsOrganizationTrail !== true) return own;
  const { id, managementAccountId } = await administered(deps, context);
  const members = await readMembers(deps.state, id);
  return { accountId: managementAccountId, rules: { ...rules, organizationId: id }, membersOf: () => members };
}

const NOBODY: MembersOf = () => ({ current: new Set(), cover: () => false });

function createCounts() {
  const seen: Tally = { events: 0, bytes: 0 };
  const logged: Tally = { events: 0, bytes: 0 };
  const bySource = new Map<string, Tally>();
  const byCategory = new Map<string, Tally>();
  const sample: Buffer[] = [];
  let sampleBytes = 0;

  function see({ header, json }: StoredEvent, isLogged: boolean): void {
    count(seen, json.length);
    if (!isLogged) return;
    count(logged, json.length);
    count(tallyOf(bySource, header.eventSource), json.length);
    count(tallyOf(byCategory, header.category), json.length);
    if (sampleBytes < SAMPLE_BYTES) {
      sample.push(Buffer.from(json)); // of its own: the Log's read buffer is much larger
      sampleBytes += json.length;
    }
  }

  /** @param share of the events that were read */
  async function answer(share: number) {
    const scaled = (value: number) => (share === 0 ? 0 : Math.round(value / share));
    const shown = ({ events, bytes }: Tally) => ({ EventCount: scaled(events), Bytes: scaled(bytes) });
    const ratio = await gzipRatio(sample, sampleBytes);
    return {
      Complete: share === 1,
      SampledShare: share,
      ScannedEventCount: seen.events,
      AccountEventCount: scaled(seen.events),
      ...shown(logged),
      GzipBytes: Math.round(scaled(logged.bytes) * ratio),
      ByCategory: largest(byCategory).map(([name, tally]) => ({ EventCategory: name, ...shown(tally) })),
      BySource: largest(bySource).map(([name, tally]) => ({ EventSource: name, ...shown(tally) })),
    };
  }

  return { see, answer };
}

const count = (tally: Tally, bytes: number): void => {
  tally.events++;
  tally.bytes += bytes;
};

function tallyOf(groups: Map<string, Tally>, name: string): Tally {
  const known = groups.get(name);
  if (known) return known;
  const made = { events: 0, bytes: 0 };
  groups.set(name, made);
  return made;
}

const largest = (groups: ReadonlyMap<string, Tally>) =>
  [...groups].sort(([, a], [, b]) => b.events - a.events).slice(0, SOURCES_MAX);

/** Of records as they stand in a log file. Real files are smaller, and so compress a little less. */
async function gzipRatio(sample: readonly Buffer[], bytes: number): Promise<number> {
  if (bytes === 0) return 0;
  const parts = sample.flatMap((json, i) => (i === 0 ? [json] : [COMMA, json]));
  return (await promisify(gzip)(Buffer.concat(parts), { level: GZIP_LEVEL })).length / bytes;
}

const COMMA = Buffer.from(',');
