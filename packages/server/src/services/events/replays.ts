import type { CallContext, Handler } from '../../wire/service.ts';
import type { EventsDeps } from './deps.ts';
import { eventsError, invalid, limitExceeded } from './errors.ts';
import { parseArn, type Replay, replayArn } from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { found, placeOf } from './store.ts';

/** EventBridge's quota of those under way, an account and Region. */
const ACTIVE_MAX = 10;
/** Replays that are over are kept for 90 days by AWS; here by number. */
const KEPT_MAX = 1_000;

interface StartInput {
  readonly ReplayName: string;
  readonly Description?: string;
  readonly EventSourceArn: string;
  readonly EventStartTime: Date;
  readonly EventEndTime: Date;
  readonly Destination: { readonly Arn: string; readonly FilterArns?: readonly string[] };
}

interface ListInput extends PageRequest {
  readonly NamePrefix?: string;
  readonly EventSourceArn?: string;
  readonly State?: string;
}

export const isActive = ({ state }: Replay): boolean =>
  state === 'STARTING' || state === 'RUNNING' || state === 'CANCELLING';

/** Replays of archives; `replayer.ts` runs them. */
export function createReplayHandlers({ store, clock, replaysChanged }: EventsDeps): Record<string, Handler> {
  return {
    async StartReplay(context: CallContext, input: StartInput) {
      const { ReplayName: name, EventSourceArn: archiveArn, Destination, Description: description } = input;
      const place = placeOf(context);
      const [fromMs, toMs] = [input.EventStartTime.getTime(), input.EventEndTime.getTime()];
      if (!(fromMs < toMs)) throw invalid('EventEndTime must be after EventStartTime.');
      const parsed = parseArn(archiveArn);
      const archive = parsed?.kind === 'archive' ? await store.get(place, 'archive', parsed.name) : undefined;
      if (archive?.arn !== archiveArn) {
        throw eventsError('ResourceNotFoundException', `Archive ${archiveArn} does not exist.`);
      }
      if (archive.busArn !== Destination.Arn) {
        throw invalid('Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.');
      }
      const all = await store.list(place, 'replay');
      if (all.filter(isActive).length >= ACTIVE_MAX || all.length >= KEPT_MAX) {
        throw limitExceeded(
          `The requested resource exceeds the maximum number allowed: ${ACTIVE_MAX} replays at a time, ${KEPT_MAX} in all.`,
        );
      }
      const nowMs = clock.now();
      const made: Replay = {
        ...place,
        name,
        arn: replayArn(place, name),
        archiveArn,
        destinationArn: Destination.Arn,
        filterArns: Destination.FilterArns ?? [],
        fromMs,
        toMs,
        state: 'STARTING',
        doneId: 0,
        createdMs: nowMs,
        modifiedMs: nowMs,
        ...(description !== undefined && { description }),
      };
      await store.change(place, 'replay', name, (old) => {
        if (old) throw eventsError('ResourceAlreadyExistsException', `Replay ${name} already exists.`);
        return made;
      });
      replaysChanged();
      return { ReplayArn: made.arn, State: made.state, ReplayStartTime: new Date(nowMs) };
    },

    async CancelReplay(context: CallContext, { ReplayName: name }: { readonly ReplayName: string }) {
      let made: Replay | undefined;
      await store.change(placeOf(context), 'replay', name, (old) => {
        const known = found(old, `Replay ${name}`);
        if (!isActive(known)) {
          throw eventsError('IllegalStatusException', `Replay ${name} is not in a valid state for this operation.`);
        }
        made = { ...known, state: 'CANCELLING', modifiedMs: clock.now() };
        return made;
      });
      replaysChanged();
      return { ReplayArn: made!.arn, State: made!.state };
    },

    async DescribeReplay(context: CallContext, { ReplayName: name }: { readonly ReplayName: string }) {
      const replay = found(await store.get(placeOf(context), 'replay', name), `Replay ${name}`);
      const { arn, description, destinationArn, filterArns } = replay;
      return {
        ReplayArn: arn,
        ...shown(replay),
        ...(description !== undefined && { Description: description }),
        Destination: { Arn: destinationArn, ...(filterArns.length > 0 && { FilterArns: filterArns }) },
      };
    },

    async ListReplays(context: CallContext, input: ListInput) {
      const { NamePrefix = '', EventSourceArn, State } = input;
      const all = await store.list(placeOf(context), 'replay', NamePrefix);
      const wanted = all.filter(
        (one) => (EventSourceArn ?? one.archiveArn) === one.archiveArn && (State ?? one.state) === one.state,
      );
      const listed = ['ListReplays', NamePrefix, EventSourceArn, State];
      const { page, ...rest } = pageOf(wanted, ({ name }) => name, input, listed);
      return { Replays: page.map(shown), ...rest };
    },
  };
}

const shown = (replay: Replay) => ({
  ReplayName: replay.name,
  EventSourceArn: replay.archiveArn,
  State: replay.state,
  ...(replay.stateReason !== undefined && { StateReason: replay.stateReason }),
  EventStartTime: new Date(replay.fromMs),
  EventEndTime: new Date(replay.toMs),
  ...(replay.lastEventMs !== undefined && { EventLastReplayedTime: new Date(replay.lastEventMs) }),
  ReplayStartTime: new Date(replay.createdMs),
  ...(replay.endedMs !== undefined && { ReplayEndTime: new Date(replay.endedMs) }),
});
