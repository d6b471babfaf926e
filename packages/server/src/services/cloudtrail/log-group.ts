import type { Authorizer } from '../../access/authorizer.ts';
import type { Caller } from '../../access/caller.ts';
import { serviceContext } from '../../access/context.ts';
import { evaluate, type Policy } from '../../access/policy.ts';
import { assumedRoleArn } from '../../access/session-keys.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { type LogDestination, logStreamName, type Trail } from '../../trails/trail.ts';
import type { LogGroups, LogLine } from '../doors.ts';
import type { CloudTrailDeps } from './deps.ts';
import { callerFor } from './destinations.ts';

type Pair = Pick<Trail, 'cloudWatchLogsLogGroupArn' | 'cloudWatchLogsRoleArn'>;

const GROUP_ARN = /^arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:[A-Za-z0-9_/.#-]{1,512}:\*$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]{1,576}$/;

/**
 * The group and role of a call, in the caller's account; the group in the trail's home Region (spec: api, CloudWatch Logs
 * pair). Empty means none.
 * @throws AwsError InvalidCloudWatchLogsLogGroupArnException, InvalidCloudWatchLogsRoleArnException
 */
export function logGroupNamed(
  accountId: string,
  homeRegion: string,
  group: string | undefined,
  role: string | undefined,
): Pair {
  if (!group && !role) return {};
  if (!group) throw badGroup('CloudWatch Logs role ARN was given without a log group ARN; give both, or both empty.');
  const [, region, groupAccount] = GROUP_ARN.exec(group) ?? [];
  if (region === undefined) {
    throw badGroup(
      'CloudWatch Logs log group ARN must look like arn:aws:logs:us-east-2:123456789012:log-group:name:*.',
    );
  }
  if (region !== homeRegion || groupAccount !== accountId) {
    throw badGroup(`CloudWatch Logs log group must be in account ${accountId} and in ${homeRegion}, the home Region.`);
  }
  if (!role) throw badRole('CloudWatch Logs log group ARN was given without a role ARN; give both, or both empty.');
  const [, roleAccount] = ROLE_ARN.exec(role) ?? [];
  if (roleAccount === undefined) {
    throw badRole('CloudWatch Logs role ARN must look like arn:aws:iam::123456789012:role/name.');
  }
  if (roleAccount !== accountId) throw badRole(`CloudWatch Logs role must be in account ${accountId}.`);
  return { cloudWatchLogsLogGroupArn: group, cloudWatchLogsRoleArn: role };
}

/** Of UpdateTrail: what is left out stays, empty takes both away. Throws as `logGroupNamed`. */
export function changedLogGroup(
  trail: Trail,
  accountId: string,
  group: string | undefined,
  role: string | undefined,
): Trail {
  if (group === undefined && role === undefined) return trail;
  const { cloudWatchLogsLogGroupArn, cloudWatchLogsRoleArn, ...rest } = trail;
  return { ...rest, ...logGroupNamed(accountId, trail.homeRegion, group, role) };
}

/**
 * Proves that CloudTrail may write into the trail's log group: assumes the role and makes a stream, and writes no event
 * (spec: delivery §3).
 * @throws AwsError in AWS's words, with what is missing; Pushback
 */
export async function proveLogGroup({ logGroups }: Pick<CloudTrailDeps, 'logGroups'>, trail: Trail): Promise<void> {
  const { cloudWatchLogsLogGroupArn: logGroupArn, cloudWatchLogsRoleArn: roleArn } = trail;
  if (logGroupArn === undefined || roleArn === undefined) return;
  if (!logGroups) {
    throw new AwsError(
      'CloudWatchLogsDeliveryUnavailableException',
      'Cannot set a CloudWatch Logs delivery for this Region.',
    );
  }
  try {
    await logGroups.put(
      trail,
      { logGroupArn, roleArn },
      logStreamName(trail, trail.organizationId, trail.accountId),
      [],
    );
  } catch (error) {
    if (error instanceof RoleRefused) throw badRole(`${NO_TRUST} ${error.message}`, error);
    if (error instanceof AwsError) throw badGroup(`${NO_PERMISSION} ${error.message}`, error);
    throw error;
  }
}

/** AWS's words (spec: api, known message texts). */
const NO_TRUST = 'Access denied. Check the trust relationships for your role.';
const NO_PERMISSION = 'Access denied. Check the permissions for your role.';

const badGroup = (message: string, cause?: unknown) =>
  new AwsError('InvalidCloudWatchLogsLogGroupArnException', message, { cause });
const badRole = (message: string, cause?: unknown) =>
  new AwsError('InvalidCloudWatchLogsRoleArnException', message, { cause });

/** Log groups, as CloudTrail writes into them. */
export interface TrailLogGroups {
  /**
   * Writes as the role, by its trust policy and its permissions as they are now. Makes the stream if it is not there.
   * @throws AwsError AccessDenied, or ResourceNotFoundException when there is no such group; Pushback
   */
  put(trail: Trail, destination: LogDestination, stream: string, lines: readonly LogLine[]): Promise<void>;
  /** The newest messages of a stream, at least so many bytes of them; empty where it cannot be told. */
  tail(destination: LogDestination, stream: string, bytes: number): Promise<ReadonlySet<string>>;
}

/** The role is not there, or does not let CloudTrail be it. */
class RoleRefused extends AwsError {
  constructor(message: string) {
    super('AccessDenied', message);
  }
}

interface TrailRole {
  readonly roleName: string;
  readonly roleId: string;
  readonly arn: string;
  readonly trustPolicy: Policy;
}

export interface TrailLogGroupsDeps {
  readonly roles: { role(accountId: string, roleName: string): Promise<TrailRole | undefined> };
  readonly authorizer: Pick<Authorizer, 'decide'>;
  readonly logGroups: LogGroups;
  readonly clock: Clock;
}

export function createTrailLogGroups({ roles, authorizer, logGroups, clock }: TrailLogGroupsDeps): TrailLogGroups {
  /** CloudTrail as the role. @throws RoleRefused */
  async function assume(trail: Trail, roleArn: string): Promise<Caller> {
    const accountId = roleArn.split(':')[4]!;
    const role = await roles.role(accountId, roleArn.slice(roleArn.lastIndexOf('/') + 1));
    if (role?.arn !== roleArn) throw new RoleRefused(`There is no role ${roleArn}.`);
    const actor = callerFor(trail);
    const ruling = evaluate(role.trustPolicy, {
      principal: { kind: 'service', service: actor.service },
      action: 'sts:AssumeRole',
      resource: roleArn,
      context: serviceContext(actor, clock.now()),
    });
    if (ruling === 'allow') return sessionOf(role, accountId, clock.now());
    const statement = { Effect: 'Allow', Principal: { Service: actor.service }, Action: 'sts:AssumeRole' };
    throw new RoleRefused(`The trust policy of ${roleArn} needs the statement ${JSON.stringify(statement)}`);
  }

  return {
    async put(trail, { logGroupArn, roleArn }, stream, lines) {
      const caller = await assume(trail, roleArn);
      const resource = `${logGroupArn.replace(/:\*$/, '')}:log-stream:${stream}`;
      const facts = {
        ...{ timeMs: clock.now(), sourceIp: SERVICE, userAgent: SERVICE, secureTransport: true },
        region: trail.homeRegion,
      };
      for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
        const { allowed, message } = await authorizer.decide(caller, facts, { action, resource });
        if (!allowed) throw new AwsError('AccessDenied', message);
      }
      await logGroups.put(logGroupArn, stream, lines);
    },
    tail: async ({ logGroupArn }, stream, bytes) => (await logGroups.tail?.(logGroupArn, stream, bytes)) ?? new Set(),
  };
}

const SERVICE = 'cloudtrail.amazonaws.com';
const SESSION_NAME = 'CloudTrail';

function sessionOf({ roleName, roleId, arn: roleArn }: TrailRole, accountId: string, nowMs: number): Caller {
  const arn = assumedRoleArn(accountId, roleName, SESSION_NAME);
  return {
    ...{ anonymous: false, accountId, arn },
    identity: {
      ...{ type: 'AssumedRole', principalId: `${roleId}:${SESSION_NAME}`, arn, accountId },
      sessionContext: {
        sessionIssuer: { type: 'Role', principalId: roleId, arn: roleArn, accountId, userName: roleName },
      },
    },
    principal: {
      kind: 'role',
      name: roleName,
      session: { issuedMs: nowMs, expiresMs: nowMs, mfa: false, policies: [], tags: {}, sessionName: SESSION_NAME },
    },
  };
}
