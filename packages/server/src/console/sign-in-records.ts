import type { Clock } from '../base/clock.ts';
import { assert } from '../base/errors.ts';
import { type Random, uuid } from '../base/random.ts';
import { eventFromBytes } from '../event/accept.ts';
import type { UserIdentity } from '../event/record.ts';
import { recordFromReport, type SignInReport } from '../event/reported.ts';
import { serializeWithinLimits } from '../event/size.ts';
import type { Auditor } from '../wire/audit.ts';
import type { Visit } from './visit.ts';

/** Where CloudTrail files sign-ins that are no Region's (spec: records §5). */
const SIGN_IN_REGION = 'us-east-1';

const MOBILE = /\b(Mobile|Android)\b/;

/** What tells one sign-in event from another. */
export type SignInEvent = Pick<SignInReport, 'EventName' | 'Success' | 'MFAUsed' | 'MFAIdentifier' | 'MfaType'> &
  Pick<SignInReport, 'SwitchFrom' | 'UnknownUser'> & {
    readonly accountId: string;
    /** Absent where nobody has the name that was typed. */
    readonly identity?: UserIdentity;
  };

/** Keeps an event of `signin.amazonaws.com`; it is durable, as the operator wants events to be, when this resolves. */
export type RecordSignIn = (visit: Visit, event: SignInEvent) => Promise<void>;

/** Sign-ins to the console, as AWS records them (spec: records §5). @throws Pushback when the Log takes nothing */
export function createSignInRecords(deps: {
  readonly auditor: Pick<Auditor, 'keep'>;
  readonly clock: Clock;
  readonly random: Random;
}): RecordSignIn {
  return async ({ http, origin }, { accountId, identity, ...event }) => {
    const { EventName = 'ConsoleLogin' } = event;
    const userAgent = http.headers['user-agent'] ?? '';
    const home = `${origin}/`;
    const report: SignInReport = {
      ...event,
      AccountId: accountId,
      Region: SIGN_IN_REGION,
      SourceIpAddress: http.sourceIp,
      UserAgent: userAgent,
      ...(identity && { UserIdentity: identity }),
      ...(EventName === 'ConsoleLogin' && { LoginTo: home, MobileVersion: MOBILE.test(userAgent) }),
      ...(EventName.endsWith('Role') && { RedirectTo: home }),
      ...(http.tls && { TlsDetails: http.tls }),
    };
    const defaults = { timeMs: deps.clock.now(), region: SIGN_IN_REGION, eventId: uuid(deps.random) };
    const record = recordFromReport({ SignIn: report }, defaults);
    const made = eventFromBytes(serializeWithinLimits(record), { fallbackAccountId: accountId });
    assert('event' in made, 'a sign-in makes a record');
    await deps.auditor.keep([made.event], false);
  };
}
