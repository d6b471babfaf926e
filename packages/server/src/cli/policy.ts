import { LeastPolicy, type PolicyEvent } from '../access/least-policy.ts';
import { OperatorError } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';
import { lineGroups } from './lines.ts';

export interface PolicyOptions {
  readonly user?: string | undefined;
  readonly role?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly account?: string | undefined;
  /** Of event times, ms since the epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A record may arrive before its own time by as much as clocks differ. */
const CLOCK_SKEW_MS = 15 * 60_000;

interface Caller {
  readonly type?: unknown;
  readonly userName?: unknown;
  readonly arn?: unknown;
  readonly accessKeyId?: unknown;
  readonly sessionContext?: { readonly sessionIssuer?: { readonly userName?: unknown; readonly arn?: unknown } };
}

/**
 * `opentrail policy`: reads what a user, role or key did, from the Log itself (data events too), and prints the least
 * policy that would have allowed it. What was done under denial, or nothing at all, is said on stderr.
 */
export async function policy(client: OpenTrailClient, options: PolicyOptions): Promise<string> {
  const who = [options.user, options.role, options.accessKey].filter((name) => name !== undefined);
  if (who.length !== 1) throw new OperatorError('Say whose calls: one of --user, --role and --access-key.');
  const query = {
    follow: 'false',
    since: new Date(options.sinceMs - CLOCK_SKEW_MS).toISOString(),
    account: options.account,
    // The server knows users by name; roles it knows by their sessions, so those are told apart here.
    ...(options.user !== undefined && { username: options.user.replace(/^.*\//, '') }),
  };
  const answer = await client.request('GET', '/opentrail/v1/tail', { query });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  const made = new LeastPolicy();
  for await (const lines of lineGroups(answer.body)) {
    for (const line of lines) {
      const record = JSON.parse(line) as PolicyEvent & { eventTime?: unknown; userIdentity?: Caller };
      const timeMs = Date.parse(String(record.eventTime));
      if (timeMs < options.sinceMs || timeMs > options.untilMs || !isBy(record.userIdentity ?? {}, options)) continue;
      made.add(record);
    }
  }
  if (made.calls === 0)
    process.stderr.write(`No calls of ${who[0]} were found in that time that a policy would allow.\n`);
  if (made.denied.length > 0) {
    process.stderr.write(`Refused at the time, and not in the policy: ${made.denied.join(', ')}\n`);
  }
  const document = made.document();
  const large = sizeHint(document);
  if (large !== undefined) process.stderr.write(`${large}\n`);
  return JSON.stringify(document, null, 2);
}

/** Of a managed policy, blanks not counted; inline policies of users take less, those of roles more (IAM quotas). */
const POLICY_CHARACTERS_MAX = 6144;

/** What to say of a policy that names so many resources that IAM would not take it. */
export function sizeHint(document: object): string | undefined {
  const characters = JSON.stringify(document).length;
  if (characters <= POLICY_CHARACTERS_MAX) return undefined;
  return `The policy has ${characters} characters, and IAM takes ${POLICY_CHARACTERS_MAX} in a managed policy: join resources by patterns such as arn:aws:s3:::logs/2026/*, or ask for a shorter time.`;
}

/** Names may be given as ARNs, which also tell accounts apart. */
function isBy(caller: Caller, { user, role, accessKey }: PolicyOptions): boolean {
  if (accessKey !== undefined) return caller.accessKeyId === accessKey;
  const issuer = caller.sessionContext?.sessionIssuer;
  if (role !== undefined) return issuer?.arn === role || (caller.type === 'AssumedRole' && issuer?.userName === role);
  return caller.arn === user || (caller.type !== 'AssumedRole' && caller.userName === user);
}
