import type { OrganizationSource } from '../../access/principal-policies.ts';
import type { Sealer } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { HttpSender } from '../../ports/http-sender.ts';
import type { Mailboxes } from '../../ports/mailboxes.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';
import { Courier } from '../courier.ts';
import type { Events, LogGroups, Queues, Topics } from '../doors.ts';
import { openBook } from './book.ts';
import { createDelivery } from './deliver.ts';
import { type BusEvent, type CloudTrailFacts, envelopeText, uuidOf } from './envelope.ts';
import { eventsService } from './index.ts';
import { DEFAULT_BUS, type Place, TARGET_BOXES } from './model.ts';
import { startReplayer } from './replayer.ts';
import { createRouter } from './router.ts';
import { startScheduler } from './scheduler.ts';
import { createEventsStore } from './store.ts';

export interface OpenEventsOptions {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly mailboxes: Mailboxes;
  readonly topics: Topics;
  readonly queues: Queues;
  readonly logGroups: LogGroups;
  readonly http: HttpSender;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For conditions of bus policies. */
  readonly organizations?: OrganizationSource;
  /** The sequence that the Log's next event will get. */
  readonly logEnd: () => number;
}

/** A CloudTrail record on its way to the default bus of its account and Region. */
export interface TrailEvent extends Place, CloudTrailFacts {
  readonly source: string;
  readonly timeMs: number;
  readonly eventId: string;
  readonly sequence: number;
  /** Asked only when somebody wants the event. */
  readonly detail: () => { readonly detailType: string; readonly json: string };
}

/** Where the follower of the Log hands over. */
export interface TrailEvents {
  /** Whether there is any rule or archive that a record could be for. */
  active(): boolean;
  /** Whether a rule or archive could want it. Takes about a microsecond. */
  wants(event: Place & CloudTrailFacts & { readonly source: string }): boolean;
  /** Resolves when all targets' mailboxes have them. @throws Pushback */
  put(events: readonly TrailEvent[]): Promise<void>;
}

export interface EventBridge {
  readonly service: Service;
  /** For services that tell of themselves: alarms, buckets. */
  readonly events: Events;
  readonly trailEvents: TrailEvents;
  close(): Promise<void>;
}

/** Opens EventBridge, and takes up what was on its way. */
export async function openEvents(options: OpenEventsOptions): Promise<EventBridge> {
  const { state, mailboxes, clock, random, logger } = options;
  const store = createEventsStore(state, async (place) => {
    await book.refresh(place);
  });
  const book = await openBook(store, logger);
  const delivery = createDelivery({ ...options, book, route: (events) => router.route(events) });
  const courier = new Courier({ mailboxes, clock, random, logger, prefix: TARGET_BOXES, ...delivery });
  const wake = (box: string) => {
    if (box.startsWith(TARGET_BOXES)) courier.wake(box);
  };
  const router = createRouter({ book, mailboxes, clock, logger, wake, overflow: delivery.overflow });
  const replayer = startReplayer({ store, book, mailboxes, router, clock, logger });
  const scheduler = startScheduler({ book, clock, logger, fire: router.fire });
  courier.start();

  return {
    service: eventsService({
      ...options,
      store,
      book,
      router,
      courier,
      replaysChanged: replayer.wake,
      schedulesChanged: scheduler.wake,
    }),
    events: {
      async put(accountId, region, events) {
        await router.route(
          events.map(({ id, source, detailType, timeMs, resources, detail }): BusEvent => {
            const parts = { id, source, detailType, timeMs, resources, account: accountId, region };
            const text = () => envelopeText({ ...parts, detail: JSON.stringify(detail) });
            return { accountId, region, bus: DEFAULT_BUS, source, detailType, timeMs, text };
          }),
        );
      },
    },
    trailEvents: {
      active: () => book.isActive,
      wants: router.wantsRecord,
      put: (events) => router.route(events.map(trailBusEvent)),
    },
    async close() {
      await scheduler.close();
      await replayer.close();
      await courier.close();
    },
  };
}

function trailBusEvent(event: TrailEvent): BusEvent {
  const { accountId, region, source, timeMs, eventId, sequence, eventSource, eventName, isRead } = event;
  const makeText = () => {
    const { detailType, json } = event.detail();
    // The record's own id tells it apart; it is of one account, and the bus of one Region.
    const id = uuidOf(`${eventId} ${accountId} ${region} ${sequence}`);
    return envelopeText({ id, detailType, source, account: accountId, timeMs, region, resources: [], detail: json });
  };
  let text: string | undefined;
  return {
    accountId,
    region,
    bus: DEFAULT_BUS,
    source,
    timeMs,
    sequence,
    trail: { eventSource, eventName, isRead },
    text: () => {
      text ??= makeText();
      return text;
    },
  };
}
