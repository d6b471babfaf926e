import { createHash } from 'node:crypto';
import type { OrganizationSource } from '../../access/principal-policies.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Parcel } from '../courier.ts';
import type { LogGroups, Queues, Topics } from '../doors.ts';
import type { Book, OpenRule } from './book.ts';
import { busAllows, principalOfAccount } from './bus-policy.ts';
import type { BusEvent } from './envelope.ts';
import { createHttpTarget, type HttpTargetDeps } from './http-target.ts';
import { membersOf } from './json-path.ts';
import { actorOf, type Bus, parseArn, type Rule, TARGET_BOXES, type Target } from './model.ts';
import { TargetError, targetErrorOf } from './target-error.ts';

export interface DeliveryDeps extends HttpTargetDeps {
  readonly book: Book;
  readonly topics: Topics;
  readonly queues: Queues;
  readonly logGroups: LogGroups;
  readonly route: (events: readonly BusEvent[]) => Promise<void>;
  readonly organizations?: OrganizationSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** EventBridge's defaults, which are its limits too. */
const AGE_MAX_MS = 86_400_000;
const TRIES_MAX = 185;

/** One event for one target. */
interface Letter {
  readonly open: OpenRule;
  readonly target: Target;
  readonly event: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly payload: string;
}

/** Hands events to targets: the part of a `Courier` that is EventBridge's. */
export interface Delivery {
  deliver(parcel: Parcel): Promise<void>;
  again(parcel: Parcel, error: unknown): boolean;
  giveUp(parcel: Parcel, error: unknown): Promise<void>;
  isOrdered(box: string): boolean;
  /** For what a target's mailbox has no room for. */
  overflow(rule: OpenRule, targetId: string, text: string): Promise<void>;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { book, clock, logger } = deps;
  const invoke = createHttpTarget(deps);

  /** undefined when rule or target are gone: then nobody wants it any more. */
  function addresseeOf(box: string) {
    const [accountId = '', region = '', bus = '', name = '', id = ''] = box.slice(TARGET_BOXES.length).split('/');
    const open = book.rule({ accountId, region }, bus, name);
    const known = open?.targets.get(id);
    return open && known && { open, ...known };
  }

  const senders: Readonly<Record<string, (letter: Letter) => Promise<unknown>>> = {
    sns: ({ open, target, payload }) => deps.topics.publish(target.Arn, { message: payload }, actorOf(open.rule)),
    sqs: ({ open, target, payload, event }) =>
      deps.queues.send(target.Arn, { body: payload, ...groupOf(target, event) }, actorOf(open.rule)),
    logs: ({ open, target, payload }) =>
      deps.logGroups.put(target.Arn.replace(/:\*$/, ''), streamOf(open.rule), [logLine(payload, clock.now())]),
    events: (letter) => (parseArn(letter.target.Arn)?.kind === 'event-bus' ? forward(letter) : callOut(letter)),
  };

  async function letsIn(bus: Bus, rule: Rule, { RoleArn }: Target): Promise<boolean> {
    const organization = await deps.organizations?.placeOf(rule.accountId);
    return busAllows(bus, principalOfAccount(rule.accountId, RoleArn), {
      'aws:PrincipalAccount': rule.accountId,
      'aws:SourceAccount': rule.accountId,
      'aws:SourceArn': rule.arn,
      ...(organization && {
        'aws:PrincipalOrgID': organization.organizationId,
        'aws:PrincipalOrgPaths': [organization.path],
      }),
    });
  }

  async function forward({ open, target, text, event }: Letter): Promise<void> {
    const place = parseArn(target.Arn)!;
    const found = book.bus(place, place.name);
    // The default bus of an account that has defined nothing has no rules either.
    if (!found) {
      if (place.name === 'default') return;
      throw new TargetError('NO_RESOURCE', `Event bus ${target.Arn} does not exist.`);
    }
    if (place.accountId !== open.rule.accountId && !(await letsIn(found.bus, open.rule, target))) {
      throw new TargetError(
        'NO_PERMISSIONS',
        `The policy of ${target.Arn} does not allow account ${open.rule.accountId}.`,
      );
    }
    const { source, 'detail-type': detailType, time } = event as Record<'source' | 'detail-type' | 'time', string>;
    await deps.route([
      {
        accountId: place.accountId,
        region: place.region,
        bus: place.name,
        source,
        detailType,
        text: () => text,
        timeMs: Date.parse(time),
        forwarded: true,
      },
    ]);
  }

  async function callOut({ open, target, event, payload }: Letter): Promise<void> {
    const destination = book.destination(open.rule, target.Arn);
    const connection = destination && book.connection(open.rule, destination.connectionArn);
    if (!destination || !connection)
      throw new TargetError('NO_RESOURCE', `${target.Arn} or its connection does not exist.`);
    await invoke({ destination, connection, parameters: target.HttpParameters ?? {}, event, payload });
  }

  /** Why it ended, in the attributes that EventBridge gives a dead letter. */
  async function bury(
    { rule }: OpenRule,
    target: Target,
    text: string,
    error: TargetError,
    tries: number,
    condition?: string,
  ) {
    const queue = target.DeadLetterConfig?.Arn;
    if (queue === undefined) {
      logger.warn(
        { rule: rule.arn, target: target.Arn, err: error },
        'an event did not reach its target, and has no dead-letter queue',
      );
      return;
    }
    const attributes: Record<string, string> = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.Arn,
      ERROR_CODE: error.code,
      ERROR_MESSAGE: error.message || error.code,
      RETRY_ATTEMPTS: String(tries),
      ...(condition !== undefined && { EXHAUSTED_RETRY_CONDITION: condition }),
    };
    const typed = Object.entries(attributes).map(([name, value]) => [name, { type: 'String', value }]);
    try {
      await deps.queues.send(queue, { body: text, attributes: Object.fromEntries(typed) }, actorOf(rule));
    } catch (refusal) {
      if (targetErrorOf(refusal).passing) throw refusal;
      logger.warn({ rule: rule.arn, queue, err: refusal }, 'a dead-letter queue does not take an event; it is dropped');
    }
  }

  return {
    async deliver({ box, body, meta }) {
      const to = addresseeOf(box);
      if (!to) return;
      const { open, target, input } = to;
      const text = body.toString('utf8');
      const event = JSON.parse(text) as Readonly<Record<string, unknown>>;
      try {
        const payload = input({ text, event, rule: open.rule, ingestedMs: Number(meta.at) });
        await senders[target.Arn.split(':')[2]!]!({ open, target, event, text, payload });
      } catch (error) {
        throw targetErrorOf(error);
      }
    },
    again({ box, tries, meta }, error) {
      const { target } = addresseeOf(box) ?? {};
      if (!target || !targetErrorOf(error).passing) return false;
      return exhausted(target, tries, clock.now() - Number(meta.at)) === undefined;
    },
    async giveUp({ box, body, tries, meta }, error) {
      const to = addresseeOf(box);
      if (!to) return;
      const reason = targetErrorOf(error);
      const condition = reason.passing ? exhausted(to.target, tries, clock.now() - Number(meta.at)) : undefined;
      await bury(to.open, to.target, body.toString('utf8'), reason, tries, condition);
    },
    isOrdered: (box) => addresseeOf(box)?.target.Arn.endsWith('.fifo') === true,
    async overflow(open, targetId, text) {
      const error = new TargetError('THROTTLING', 'Too many events wait for this target.');
      await bury(open, open.targets.get(targetId)!.target, text, error, 0);
    },
  };
}

/** Which of a target's two limits is reached. */
function exhausted({ RetryPolicy = {} }: Target, tries: number, ageMs: number): string | undefined {
  if (tries >= (RetryPolicy.MaximumRetryAttempts ?? TRIES_MAX)) return 'MaximumRetryAttempts';
  const ageMaxMs = (RetryPolicy.MaximumEventAgeInSeconds ?? AGE_MAX_MS / 1000) * 1000;
  return ageMs >= ageMaxMs ? 'MaximumEventAgeInSeconds' : undefined;
}

/** Of FIFO queues: the event's id makes a second delivery of it no second message. */
function groupOf(target: Target, event: Readonly<Record<string, unknown>>) {
  if (!target.Arn.endsWith('.fifo')) return {};
  return { groupId: target.SqsParameters?.MessageGroupId ?? '', deduplicationId: digest(`${target.Id} ${event.id}`) };
}

/** A stream for each rule, always the same. */
const streamOf = (rule: Rule): string => `${rule.name}-${digest(rule.arn).slice(0, 8)}`;

/** A transformer may make `{timestamp, message}` for log groups. */
function logLine(payload: string, nowMs: number) {
  const { timestamp, message, ...rest } = membersOf(payload);
  if (typeof message === 'string' && Object.keys(rest).length === 0) {
    const timestampMs = typeof timestamp === 'number' ? timestamp : Date.parse(String(timestamp));
    if (Number.isSafeInteger(timestampMs)) return { timestampMs, message };
  }
  return { timestampMs: nowMs, message: payload };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
