import { AwsError } from '../../base/errors.ts';
import { type Random, uuid } from '../../base/random.ts';
import { eventFromBytes } from '../../event/accept.ts';
import { type Report, recordFromReport } from '../../event/reported.ts';
import { serializeWithinLimits } from '../../event/size.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { type Accepted, type Intake, type Result, summary } from './intake.ts';

/** Bounds the answer, which has a line for each. */
const REPORTS_MAX = 1_000;
const KINDS = ['ServiceEvent', 'ServiceCall', 'SignIn', 'NetworkActivity'] as const;

const ACCOUNT = /^\d{12}$/;
const SOURCE = /^[a-z0-9.-]{1,64}\.amazonaws\.com(\.cn)?$/;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;
const EVENT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const REGION = /^[A-Za-z0-9-]{1,64}$/;

/**
 * ReportEvents: a service tells what it did by itself, so that no call of a client's shows it. Each report becomes a
 * record; one that is wrong is refused by itself, the rest of the batch is taken. A report with an EventId may be
 * repeated: what the account holds already is answered DUPLICATE.
 */
export function createReportEvents(random: Random, intake: Intake): Handler {
  return async (context, { Events }: { Events?: readonly Report[] }) => {
    if (!Array.isArray(Events) || Events.length === 0) {
      throw new AwsError('ValidationException', 'Events must hold at least one report.');
    }
    if (Events.length > REPORTS_MAX) {
      throw new AwsError(
        'ValidationException',
        `A batch may hold ${REPORTS_MAX} reports. Send the rest in further ones.`,
      );
    }
    const results: Result[] = [];
    const accepted: Accepted[] = [];
    for (const report of Events) {
      const made = eventOf(context, report, uuid(random));
      if ('refused' in made) {
        results.push({ Status: 'REFUSED', ErrorCode: 'InvalidReport', ErrorMessage: made.refused });
        continue;
      }
      const result: Result = { Status: 'ACCEPTED', EventId: made.event.header.eventId };
      results.push(result);
      accepted.push({ event: made.event, result });
    }
    await intake.appendNew(accepted);
    return summary(results);
  };
}

function eventOf(context: CallContext, report: Report, eventId: string) {
  const problem = problemOf(report);
  if (problem !== undefined) return { refused: problem };
  const record = recordFromReport(report, { timeMs: context.timeMs, region: context.region, eventId });
  const made = eventFromBytes(serializeWithinLimits(record), { fallbackAccountId: context.caller.accountId });
  return 'event' in made ? made : { refused: made.refused.message };
}

/** What keeps a report from being a record, in words; undefined when nothing does. */
function problemOf(report: Report): string | undefined {
  const kinds = KINDS.filter((kind) => report?.[kind] !== undefined && report[kind] !== null);
  if (kinds.length !== 1) return `A report has one of ${KINDS.join(', ')}.`;
  const { AccountId, EventId, Region, EventTime, ...rest } = report[kinds[0]!]!;
  const is = (rule: RegExp, value: unknown) => typeof value === 'string' && rule.test(value);
  if (!is(ACCOUNT, AccountId)) return 'AccountId must be 12 digits.';
  if (EventId !== undefined && !is(EVENT_ID, EventId)) return 'EventId must be a UUID.';
  if (Region !== undefined && !is(REGION, Region)) return 'Region must be the name of a Region.';
  if (EventTime !== undefined && Number.isNaN(EventTime.getTime())) return 'EventTime must be a time.';
  if ('EventSource' in rest && !is(SOURCE, rest.EventSource)) return 'EventSource must look like ec2.amazonaws.com.';
  if ('EventName' in rest && !is(NAME, rest.EventName)) return 'EventName must be letters and digits.';
  if (kinds[0] !== 'SignIn' && !('EventSource' in rest && 'EventName' in rest)) {
    return 'EventSource and EventName must be given.';
  }
  const { SignIn, ServiceCall, NetworkActivity } = report;
  if (SignIn && typeof SignIn.Success !== 'boolean') return 'Success must be true or false.';
  if (ServiceCall && !is(SOURCE, ServiceCall.Service)) return 'Service must look like elasticfilesystem.amazonaws.com.';
  if (ServiceCall?.Role && !is(ROLE_ARN, ServiceCall.Role.Arn)) return 'Role.Arn must be the ARN of a role.';
  if (NetworkActivity && !is(ENDPOINT, NetworkActivity.VpcEndpointId))
    return 'VpcEndpointId must look like vpce-0123456789abcdef0.';
  return undefined;
}

const ROLE_ARN = /^arn:[\w-]+:iam::\d{12}:role\/.{1,512}$/;
const ENDPOINT = /^vpce-[0-9a-z]{8,32}$/;
