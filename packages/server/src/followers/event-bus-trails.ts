import { DEFAULT_SELECTORS } from '../event/selectors.ts';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { readMembersOf } from '../trails/members.ts';
import { listRetiredTrails, listTrails, loggingPeriods, type Trail } from '../trails/trail.ts';
import { type ActivePeriod, activePeriods, type Ends, endAfter, endBefore, ending } from './periods.ts';

export type { Ends } from './periods.ts';

/** Which records any logging trail covers. */
export interface TrailCover {
  /**
   * Whether EventBridge gets the record: management and service events wherever a trail logs in that account and Region,
   * data and network activity events and Insights only if a trail selects them (spec: monitoring §4). MUST be asked for
   * every event, in the order of the Log: some of them end a trail's logging.
   * @param isWanted false: the answer does not matter
   */
  covers(event: StoredEvent, isWanted: boolean): boolean;
  /** Events up to here are left out: logging that was ended by a call before it is over. */
  passTo(sequence: Sequence): void;
  /** Where logging has ended, of those periods that trails still remember. */
  knownEnds(): Readonly<Record<string, Sequence>>;
}

interface Cover {
  readonly trail: Trail;
  /** With the trail's selectors, and with such as select all management events. */
  selecting: readonly ActivePeriod[];
  logging: readonly ActivePeriod[];
}

/** @param ends where periods ended, as the cursor in State says; new ones are put in */
export async function openTrailCover(state: State, ends: Ends, bornAt: Sequence): Promise<TrailCover> {
  // A trail moves from the first list to the second, so it is in one of them when read in this order.
  const live = await listTrails(state);
  const retired = await listRetiredTrails(state);
  const trails = [...new Map([...live, ...retired].map(({ value }) => [value.id, value])).values()];
  const membersOf = await readMembersOf(state, trails);
  const open = (trail: Trail): Cover => ({
    trail,
    selecting: activePeriods(trail, ends, membersOf),
    logging: activePeriods(withoutSelectors(trail), ends, membersOf),
  });
  const covers = trails.map(open).filter(({ selecting }) => selecting.length > 0);

  /** Both lists of a trail follow from where its periods ended. */
  const reopen = (cover: Cover) => Object.assign(cover, open(cover.trail));

  const isAnyEnding = () => covers.some(({ selecting }) => ending(selecting).length > 0);
  /** Seldom, and then not for long: between the call that stops or changes a trail and its record. */
  let isEnding = isAnyEnding();

  return {
    covers(event, isWanted) {
      if (!isEnding) return isWanted && covers.some((cover) => holds(cover, event));
      let covered = false;
      for (const cover of covers) {
        endBefore(cover.trail, cover.selecting, event, ends, bornAt);
        reopen(cover);
        covered ||= holds(cover, event);
        endAfter(cover.trail, cover.selecting, event, ends);
        reopen(cover);
      }
      isEnding = isAnyEnding();
      return covered;
    },
    passTo(sequence) {
      for (const cover of covers) {
        for (const { call } of ending(cover.selecting))
          if (call.floorSequence < sequence) ends.set(call.requestId, sequence);
        reopen(cover);
      }
      isEnding = isAnyEnding();
    },
    knownEnds() {
      const known = trails.flatMap((trail) => loggingPeriods(trail).map(({ endingCall }) => endingCall?.requestId));
      return Object.fromEntries([...ends].filter(([requestId]) => known.includes(requestId)));
    },
  };
}

function holds({ selecting, logging }: Cover, event: StoredEvent): boolean {
  const { category } = event.header;
  const isSelected = category === 'Data' || category === 'NetworkActivity' || category === 'Insight';
  const { sequence } = event;
  // What has no category is no matter of selectors: whoever logs management events has it.
  const judged = isSelected ? event : { ...event, header: { ...event.header, category: 'Management' as const } };
  for (const { definition, end, accepts } of isSelected ? selecting : logging) {
    if (definition.beginSequence <= sequence && sequence < end && accepts(judged)) return true;
  }
  return false;
}

/** The same trail as if it logged all management events: what remains are accounts, Regions and times. */
const withoutSelectors = (trail: Trail): Trail => ({
  ...trail,
  selectors: DEFAULT_SELECTORS,
  ...(trail.earlier && { earlier: trail.earlier.map((period) => ({ ...period, selectors: DEFAULT_SELECTORS })) }),
});
