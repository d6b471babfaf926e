import { uuid } from '../../base/random.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { EventsDeps } from './deps.ts';
import { type BusEvent, envelopeText } from './envelope.ts';
import { invalid, unsupported } from './errors.ts';
import { busOf, DEFAULT_BUS } from './model.ts';
import { placeOf } from './store.ts';

interface Entry {
  readonly Time?: Date;
  readonly Source?: string;
  readonly Resources?: readonly string[];
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
}

interface Outcome {
  readonly EventId?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

/** EventBridge's limit for all entries of a request. */
const ENTRIES_BYTES_MAX = 256 * 1024;
/** What `Time` counts, whatever it says. */
const TIME_BYTES = 14;

/** PutEvents: an event is in the mailbox of every target that a rule has for it before the answer leaves. */
export function createPutEvents({ book, router, clock, random }: EventsDeps): Record<string, Handler> {
  function judge(context: CallContext, entry: Entry): BusEvent | Outcome {
    const problem = problemOf(entry);
    if (problem) return problem;
    const { accountId, region, name: bus } = busOf(placeOf(context), entry.EventBusName);
    if (bus !== DEFAULT_BUS && !book.bus({ accountId, region }, bus)) {
      return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${bus} does not exist.` };
    }
    const timeMs = entry.Time?.getTime() ?? clock.now();
    const parts = {
      id: uuid(random),
      detailType: entry.DetailType!,
      source: entry.Source!,
      account: context.caller.accountId,
      timeMs,
      region,
      resources: entry.Resources ?? [],
      detail: entry.Detail!,
    };
    const text = envelopeText(parts);
    return {
      accountId,
      region,
      bus,
      timeMs,
      source: parts.source,
      detailType: parts.detailType,
      text: () => text,
      id: parts.id,
    };
  }

  return {
    async PutEvents(context: CallContext, { Entries, EndpointId }: { Entries: readonly Entry[]; EndpointId?: string }) {
      if (EndpointId !== undefined) throw unsupported('global endpoints');
      const sizeBytes = Entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
      if (sizeBytes > ENTRIES_BYTES_MAX) throw invalid('Total size of the entries in the request is over the limit.');
      const judged = Entries.map((entry) => judge(context, entry));
      await router.route(judged.filter((one): one is BusEvent => 'bus' in one));
      const outcomes = judged.map((one): Outcome => ('bus' in one ? { EventId: one.id! } : one));
      return {
        FailedEntryCount: outcomes.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
        Entries: outcomes,
      };
    },
  };
}

/** The size of an entry (EventBridge guide, "Calculating PutEvents event entry size"). */
export function entryBytes({ Time, Source, DetailType, Detail, Resources = [] }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text = '') => sum + Buffer.byteLength(text), Time === undefined ? 0 : TIME_BYTES);
}

function problemOf(entry: Entry): Outcome | undefined {
  const missing = (['Source', 'DetailType', 'Detail'] as const).find((name) => !entry[name]);
  if (missing !== undefined) {
    const ErrorMessage = `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage };
  }
  if (/^aws\./i.test(entry.Source!) || entry.Source === 'aws') {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  if (Number.isNaN(entry.Time?.getTime())) {
    return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter Time is not valid.' };
  }
  return isObject(entry.Detail!) ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
