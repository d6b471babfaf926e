import { mapSome } from '../../api/pages.ts';
import { accountOf } from '../../parts/events/record.ts';
import { type ShownEvent, shownEvent } from '../../parts/events/search.ts';
import { type Alarm, alarmHistory, alarmsNamed, countedEvents, filtersOfMetric } from './calls.ts';
import { lastRaised, metricsOf, type Raised } from './reason.ts';

/** Composite alarms within one another: AWS's consoles go no deeper, and each level is a call for each alarm. */
const LEVELS_MAX = 3;
/** Alarms that a composite one is looked into for: CloudWatch's own data names no more either. */
const CHILDREN_MAX = 10;
/** A child's change is seen in the same moment, and times are told in seconds. */
const SAME_MOMENT_MS = 1_000;

/** The events for which an alarm was raised: those that metric filters counted, for it or for the alarms that it is made of. */
export async function eventsBehind(alarm: Alarm, raised: Raised, signal: AbortSignal): Promise<readonly ShownEvent[]> {
  const messages = await messagesBehind(alarm, raised, LEVELS_MAX, signal);
  return [...new Set(messages)].map((message) => {
    const event = shownEvent('', message);
    return { ...event, accountId: accountOf(event.record) };
  });
}

async function messagesBehind(
  alarm: Alarm,
  raised: Raised,
  levels: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (alarm.AlarmRule !== undefined) return levels > 0 ? ofChildren(raised, levels - 1, signal) : [];
  const filters = (await mapSome(metricsOf(alarm), (metric) => filtersOfMetric(metric, signal))).flat();
  return (await mapSome(filters, (filter) => countedEvents(filter, raised, signal))).flat();
}

/** Of each alarm, for when it went off before the composite one did. */
async function ofChildren(raised: Raised, levels: number, signal: AbortSignal): Promise<readonly string[]> {
  const names = raised.children.slice(0, CHILDREN_MAX);
  if (names.length === 0) return [];
  const found = await mapSome(await alarmsNamed(names, signal), async (child) => {
    const before = lastRaised(child, await alarmHistory(child.AlarmName, signal), raised.atMs + SAME_MOMENT_MS);
    return before ? messagesBehind(child, before, levels, signal) : [];
  });
  return found.flat();
}
