import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { NewEvent } from '../event/event.ts';
import {
  type ActiveRule,
  createRuleSet,
  isMatch,
  matchEvent,
  RULES_PREFIX,
  type RuleSet,
  ruleKey,
  type SigmaRecord,
  type StoredRule,
  sigmaRecord,
} from '../event/sigma/index.ts';
import type { History } from '../ports/history.ts';
import type { Log, Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { Alarm, aborted } from './alarm.ts';
import { createMatchQuota } from './match-quota.ts';

export interface RulesDeps {
  readonly log: Log;
  readonly history: Pick<History, 'holdsEventIds'>;
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RulesFollower {
  /** Called when a stored rule was written or removed: what is accepted from now on is judged by the rules as they are. */
  rulesChanged(): void;
  /** Everything before it was judged: the Log must keep the rest. */
  lowestCursor(): Sequence;
  lagEvents(): number;
  stop(): Promise<void>;
}

const CURSOR_KEY = 'follower/rules';
/** Some hundred events, judged in a few milliseconds, before requests get their turn. */
const READ_BYTES = 256 * 1024;
/** Lets a trickle of events gather. Half a second from an event to its match is soon enough. */
const READ_PAUSE_MS = 100;
/** After a crash what came since is judged again, and nothing is repeated: so the cursor need not be written for each read. */
const CURSOR_EVERY_MS = 5_000;
/** After the Log or State failed, or refused for lack of room. */
const TROUBLE_PAUSE_MS = 1_000;
/** A rule may match every event; all rules may. One append stays far below what the Log takes at once. */
const APPEND_EVENTS_MAX = 500;

/**
 * Runs the stored Sigma rules over every new event, at its own pace; a match is appended to the Log as an event of its
 * own. Without rules it reads nothing. A crash neither loses a match nor repeats one: matches have ids that follow from
 * rule and event, and whatever may have been appended by an earlier try is looked up by its id first.
 */
export function startRules(deps: RulesDeps): RulesFollower {
  const { log, state, clock, logger } = deps;
  const alarm = new Alarm(clock);
  let rules: RuleSet | undefined;
  let isStale = true;
  let cursor: Sequence = 0;
  let savedCursor: Sequence | undefined;
  let savedAtMs = clock.monotonicMs();
  /** Matches of events before this may be in the Log already: from an earlier life, or from a try that failed. */
  let doubtedBelow = log.end;

  const quota = createMatchQuota((rule) => logger.warn({ rule }, 'a rule matches so often that matches are left out'));

  async function load(): Promise<void> {
    isStale = false;
    const stored = (await state.list<StoredRule>(RULES_PREFIX)).map(({ value }) => value);
    if (savedCursor === undefined) {
      savedCursor = (await state.get<{ cursor: Sequence }>(CURSOR_KEY))?.value.cursor ?? 0;
      cursor = savedCursor;
    }
    rules = createRuleSet(stored, ({ id, accountId }, error) =>
      logger.error({ rule: id, accountId, err: error }, 'a stored rule cannot be read and is left out'),
    );
    const first = stored.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
    if (first < Number.POSITIVE_INFINITY) cursor = Math.max(cursor, first, log.start);
  }

  async function readOn(active: RuleSet, signal: AbortSignal): Promise<void> {
    const batch = await log.read(cursor, READ_BYTES);
    // What changed before these events were accepted must be known before they are judged.
    if (isStale || alarm.ended) return;
    const last = batch.at(-1);
    if (!last) return log.waitPast(cursor, signal).catch(() => undefined);
    await append(judge(active, batch), batch[0]!.sequence);
    cursor = last.sequence + 1;
    if (clock.monotonicMs() - savedAtMs >= CURSOR_EVERY_MS) await saveCursor();
    if (cursor >= log.end) await alarm.pause(READ_PAUSE_MS);
    else await setImmediate();
  }

  function judge(active: RuleSet, batch: readonly StoredEvent[]): NewEvent[] {
    const matches: NewEvent[] = [];
    for (const { sequence, header, json, acceptedMs } of batch) {
      if (isMatch(header)) continue;
      const candidates = active.concerning(header, json).filter(({ stored }) => stored.from <= sequence);
      if (candidates.length === 0) continue;
      const record = JSON.parse(json.toString('utf8')) as Record<string, unknown>;
      const seen = sigmaRecord(record);
      for (const candidate of candidates) {
        if (!isHit(candidate, seen, header.eventId)) continue;
        const suppressed = quota.take(ruleKey(candidate.stored.accountId, candidate.stored.id), acceptedMs);
        if (suppressed === undefined) continue;
        matches.push(matchEvent(candidate, { sequence, header, record }, { nowMs: clock.now(), suppressed }));
      }
    }
    return matches;
  }

  /** A record can be nested deeper than the stack is: it must not hold up all that come after it. */
  function isHit({ rule, stored }: ActiveRule, seen: SigmaRecord, eventId: string): boolean {
    try {
      return rule.matches(seen);
    } catch (error) {
      logger.error({ rule: stored.id, accountId: stored.accountId, eventId, err: error }, 'a rule failed on an event');
      return false;
    }
  }

  async function append(matches: readonly NewEvent[], firstJudged: Sequence): Promise<void> {
    const fresh = firstJudged < doubtedBelow ? await withoutKnown(matches) : matches;
    for (let at = 0; at < fresh.length; at += APPEND_EVENTS_MAX) {
      await log.append(fresh.slice(at, at + APPEND_EVENTS_MAX));
    }
  }

  async function withoutKnown(matches: readonly NewEvent[]): Promise<NewEvent[]> {
    const fresh: NewEvent[] = [];
    for (const accountId of new Set(matches.map(({ header }) => header.accountId))) {
      const own = matches.filter(({ header }) => header.accountId === accountId);
      const ids = own.map(({ header }) => header.eventId);
      const held = await deps.history.holdsEventIds(accountId, ids);
      fresh.push(...own.filter((_, i) => !held[i]));
    }
    return fresh;
  }

  async function saveCursor(): Promise<void> {
    savedAtMs = clock.monotonicMs();
    if (cursor === savedCursor) return;
    await state.write([{ put: CURSOR_KEY, value: { cursor } }]);
    savedCursor = cursor;
  }

  async function step(signal: AbortSignal): Promise<void> {
    if (isStale || !rules) return load();
    if (rules.size > 0) return readOn(rules, signal);
    await aborted(signal);
  }

  async function run(): Promise<void> {
    while (!alarm.ended) {
      const { signal } = alarm;
      try {
        await step(signal);
      } catch (error) {
        if (alarm.ended) return;
        isStale = true;
        doubtedBelow = log.end;
        quota.reset();
        logger.error({ err: error }, 'rules are in trouble and try again');
        await alarm.pause(TROUBLE_PAUSE_MS);
      }
    }
    if (savedCursor !== undefined) await saveCursor().catch(() => undefined); // it only saves work at the next start
  }

  const ended = run();
  return {
    rulesChanged() {
      isStale = true;
      alarm.wake();
    },
    lowestCursor: () => (rules === undefined ? 0 : rules.size === 0 ? log.end : cursor),
    lagEvents: () => (rules === undefined || rules.size === 0 ? 0 : log.end - cursor),
    async stop() {
      alarm.end();
      await ended;
    },
  };
}
