import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Mailboxes, MessageToPut } from '../../ports/mailboxes.ts';
import { type Book, type OpenRule, takesReadsOf } from './book.ts';
import type { BusEvent, CloudTrailFacts } from './envelope.ts';
import { type Archive, archiveBox, DEFAULT_BUS, type Place, type Rule, targetBox } from './model.ts';

export interface RouterDeps {
  readonly book: Book;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The box holds something new. */
  readonly wake: (box: string) => void;
  /** Takes what a target's mailbox has no room for. */
  readonly overflow: (rule: OpenRule, targetId: string, text: string) => Promise<void>;
}

/** A target that has been away for a day of a busy trail; what comes then goes to its dead-letter queue. */
const BOX_MESSAGES_MAX = 100_000;
const BOX_BYTES_MAX = 512 * 1024 * 1024;
/** Of an archive's chunk: well under what a mailbox takes as one message. */
const CHUNK_BYTES_MAX = 512 * 1024;

const PUT_MESSAGES_MAX = 5_000;
const PUT_BYTES_MAX = 16 * 1024 * 1024;

/** Gives events to the rules of their bus: resolves when each is in the mailbox of every target that it is for. */
export interface Router {
  /** Whether a rule or an archive could want a record of CloudTrail, so that it is worth parsing. */
  wantsRecord(event: Place & CloudTrailFacts & { readonly source: string }): boolean;
  /** @throws Pushback when the mailboxes are full; events may then be given once more */
  route(events: readonly BusEvent[]): Promise<void>;
  /** For the targets of one rule, whatever its pattern: a schedule. */
  fire(rule: Rule, event: BusEvent): Promise<void>;
}

export function createRouter({ book, mailboxes, clock, logger, wake, overflow }: RouterDeps): Router {
  /** By box, the last event of the Log that is known to be in it, or to have been. */
  const lastSequences = new Map<string, number>();

  const candidatesFor = (event: BusEvent) =>
    book.bus(event, event.bus)?.candidates(event.source, event.detailType, event.trail);

  /** Whether the box has the event already: the process ended between handing over and noting how far it was. */
  const isThere = (box: string, sequence: number | undefined): boolean => {
    if (sequence === undefined) return false;
    let last = lastSequences.get(box);
    if (last === undefined) {
      last = -1;
      for (const { meta } of mailboxes.entries(box)) last = Math.max(last, Number(meta.seq ?? -1));
      lastSequences.set(box, last);
    }
    return sequence <= last;
  };

  /** An event can be nested deeper than the stack is: it must not hold up all that come after it. */
  const fits = ({ matches }: Pick<OpenRule, 'matches'>, event: Readonly<Record<string, unknown>>): boolean => {
    try {
      return matches(event);
    } catch (error) {
      logger.error({ event: event.id, err: error }, 'a pattern failed on an event');
      return false;
    }
  };

  const isFull = (box: string): boolean => {
    const { count, bytes } = mailboxes.size(box);
    return count >= BOX_MESSAGES_MAX || bytes >= BOX_BYTES_MAX;
  };

  async function route(events: readonly BusEvent[]): Promise<void> {
    const messages: MessageToPut[] = [];
    const chunks = new Map<Archive, BusEvent[]>();
    for (const event of events) {
      const candidates = candidatesFor(event);
      if (!candidates) continue;
      const { rules, archives, takesReads } = candidates;
      const isRead = event.trail?.isRead === true;
      if (isRead ? !takesReads : rules.length + archives.length === 0) continue;
      const text = event.text();
      const parsed = JSON.parse(text) as Readonly<Record<string, unknown>>;
      for (const open of rules) {
        if ((isRead && !takesReadsOf(open.rule)) || !isMeant(event, open)) continue;
        if (isBefore(event, open.rule) || !fits(open, parsed)) continue;
        await address(open, event, text, messages);
      }
      if (isRead || event.replay) continue;
      for (const open of archives) {
        const { archive } = open;
        if (isBefore(event, archive) || !fits(open, parsed)) continue;
        const chunk = chunks.get(archive);
        if (chunk) chunk.push(event);
        else chunks.set(archive, [event]);
      }
    }
    for (const [archive, kept] of chunks) messages.push(...chunksOf(archive, kept));
    await post(messages);
  }

  async function post(messages: readonly MessageToPut[]): Promise<void> {
    for (const slice of slicesOf(messages)) {
      await mailboxes.put(slice);
      for (const { box, meta } of slice) {
        if (typeof meta?.seq === 'number') lastSequences.set(box, meta.seq);
      }
      for (const box of new Set(slice.map(({ box }) => box))) wake(box);
    }
  }

  /** A message for each target of a rule that matched. */
  async function address(open: OpenRule, event: BusEvent, text: string, messages: MessageToPut[]): Promise<void> {
    const body = Buffer.from(text);
    for (const { target } of open.targets.values()) {
      // An event that came from another bus goes to no third one (EventBridge guide, "Sending between buses").
      if (event.forwarded && isBus(target.Arn)) continue;
      const box = targetBox(open.rule, target.Id);
      if (isThere(box, event.sequence)) continue;
      if (isFull(box)) await overflow(open, target.Id, text);
      else {
        const seq = event.sequence === undefined ? {} : { seq: event.sequence };
        messages.push({ box, body, meta: { at: clock.now(), ...seq } });
      }
    }
  }

  function chunksOf(archive: Archive, events: readonly BusEvent[]): MessageToPut[] {
    const box = archiveBox(archive);
    const fresh = events.filter(({ sequence }) => !isThere(box, sequence));
    const chunks: MessageToPut[] = [];
    for (let from = 0; from < fresh.length; ) {
      let [to, sizeBytes] = [from, 0];
      do sizeBytes += Buffer.byteLength(fresh[to]!.text()) + 1;
      while (++to < fresh.length && sizeBytes < CHUNK_BYTES_MAX);
      const held = fresh.slice(from, to);
      const times = held.map(({ timeMs }) => timeMs);
      const seq = held.at(-1)!.sequence;
      chunks.push({
        box,
        body: Buffer.from(held.map((event) => event.text()).join('\n')),
        meta: {
          at: clock.now(),
          from: Math.min(...times),
          to: Math.max(...times),
          events: held.length,
          ...(seq !== undefined && { seq }),
        },
      });
      from = to;
    }
    return chunks;
  }

  return {
    wantsRecord(event) {
      const candidates = book.bus(event, DEFAULT_BUS)?.candidates(event.source, undefined, event);
      if (!candidates) return false;
      if (event.isRead) return candidates.takesReads;
      return candidates.rules.length + candidates.archives.length > 0;
    },
    route,
    async fire(rule, event) {
      const open = book.rule(rule, rule.bus, rule.name);
      const messages: MessageToPut[] = [];
      if (open) await address(open, event, event.text(), messages);
      await post(messages);
    },
  };
}

/** What mailboxes take in one call is bounded. */
function* slicesOf(messages: readonly MessageToPut[]): Generator<readonly MessageToPut[]> {
  let slice: MessageToPut[] = [];
  let sizeBytes = 0;
  for (const message of messages) {
    if (slice.length >= PUT_MESSAGES_MAX || sizeBytes + message.body.length > PUT_BYTES_MAX) {
      yield slice;
      [slice, sizeBytes] = [[], 0];
    }
    slice.push(message);
    sizeBytes += message.body.length;
  }
  if (slice.length > 0) yield slice;
}

const isBus = (arn: string): boolean => /^arn:aws:events:[^:]*:\d*:event-bus\//.test(arn);

/** Records are told to those who were there when they were accepted. */
const isBefore = ({ sequence }: BusEvent, { fromSequence }: Pick<Rule, 'fromSequence'>): boolean =>
  sequence !== undefined && sequence < fromSequence;

const isMeant = ({ replay }: BusEvent, { rule }: OpenRule): boolean =>
  !replay || replay.ruleArns.length === 0 || replay.ruleArns.includes(rule.arn);
