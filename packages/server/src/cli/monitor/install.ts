import { OperatorError } from '../../base/errors.ts';
import type { OpenTrailClient } from '../client.ts';
import { type Aws, awsCalls, isError, textIn } from './aws.ts';
import { alarmOf, CIS_CONTROLS, type Control, filterOf } from './cis.ts';

export interface InstallOptions {
  readonly trail?: string | undefined;
  readonly logGroup?: string | undefined;
  /** Name or ARN. */
  readonly topic?: string | undefined;
  readonly dryRun: boolean;
  readonly print: (text: string) => void;
}

interface TrailDescription {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly IsMultiRegionTrail?: boolean;
  readonly CloudWatchLogsLogGroupArn?: string;
}

const DEFAULT_LOG_GROUP = 'CloudTrail/DefaultLogGroup';
const DEFAULT_TOPIC = 'cis-alarms';
/** The name that CloudTrail's console gives it. */
const ROLE = 'CloudTrail_CloudWatchLogs_Role';
const STATEMENT = 'OpenTrailCisAlarms';

/**
 * `opentrail monitor install cis`: makes what is missing between a trail and the people who are to be told, through AWS's
 * own operations, and leaves what is there as it is. It can be run again at any time.
 * @returns the exit code
 */
export async function installCis(client: OpenTrailClient, options: InstallOptions): Promise<number> {
  const aws = awsCalls(client);
  const steps = reporter(options);
  const accountId = textIn(await aws.sts('GetCallerIdentity'), 'Account')!;
  const trail = await findTrail(aws, options.trail);
  const logGroup = await ensureLogGroup(aws, steps, trail, accountId, options.logGroup);
  const topic = await ensureTopic(aws, steps, accountId, options.topic ?? DEFAULT_TOPIC);
  const alarms = await describedAlarms(aws);
  for (const control of CIS_CONTROLS) {
    await ensureFilter(aws, steps, control, logGroup);
    await ensureAlarm(aws, steps, control, topic, alarms.get(alarmOf(control, topic).AlarmName));
  }
  options.print(steps.summary());
  return steps.failed() ? 1 : 0;
}

type Steps = ReturnType<typeof reporter>;

/** Says of each thing whether it was there, and makes it unless this is a dry run. What fails does not keep the rest from being made. */
function reporter({ dryRun, print }: InstallOptions) {
  let [made, kept, failed] = [0, 0, 0];
  return {
    failed: () => failed > 0,
    async step(what: string, isThere: boolean, make: () => Promise<unknown>): Promise<void> {
      if (isThere) {
        kept++;
        print(`kept     ${what}`);
        return;
      }
      try {
        if (!dryRun) await make();
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        failed++;
        print(`FAILED   ${what}: ${error.message}`);
        return;
      }
      made++;
      print(`${dryRun ? 'missing ' : 'made    '} ${what}`);
    },
    summary: () =>
      dryRun
        ? `${made} would be made, ${kept} are there. Nothing was changed.`
        : failed > 0
          ? `${made} made, ${kept} kept, ${failed} FAILED: mend what is said above, and run it again.`
          : `${made} made, ${kept} kept. Subscribe somebody to the topic, then see \`opentrail monitor status\`.`,
  };
}

/** The control wants a trail of all Regions; one that is named is taken as it is. */
async function findTrail(aws: Aws, name: string | undefined): Promise<TrailDescription> {
  const { trailList } = await aws.cloudTrail<{ trailList: TrailDescription[] }>('DescribeTrails', {
    ...(name !== undefined && { trailNameList: [name] }),
    includeShadowTrails: false,
  });
  const found = name === undefined ? trailList.find((trail) => trail.IsMultiRegionTrail) : trailList[0];
  if (found) return found;
  throw new OperatorError(
    name === undefined
      ? `There is no trail of all Regions with its home in ${aws.region}. Make one first: aws cloudtrail create-trail --name audit --s3-bucket-name BUCKET --is-multi-region-trail, then start-logging.`
      : `There is no trail ${name} with its home in ${aws.region}.`,
  );
}

/** @returns the group's name: the trail's own, or a new one that the trail then delivers to */
async function ensureLogGroup(
  aws: Aws,
  steps: Steps,
  trail: TrailDescription,
  accountId: string,
  wanted: string | undefined,
): Promise<string> {
  const current = trail.CloudWatchLogsLogGroupArn?.split(':')[6];
  const group = wanted ?? current ?? DEFAULT_LOG_GROUP;
  const { logGroups = [] } = await aws.logs<{ logGroups?: { logGroupName: string }[] }>('DescribeLogGroups', {
    logGroupNamePrefix: group,
  });
  const isThere = logGroups.some(({ logGroupName }) => logGroupName === group);
  await steps.step(`log group ${group}`, isThere, () => aws.logs('CreateLogGroup', { logGroupName: group }));
  if (current === group) {
    await steps.step(`delivery of trail ${trail.Name} to ${group}`, true, async () => {});
    return group;
  }
  const arn = `arn:aws:logs:${aws.region}:${accountId}:log-group:${group}:*`;
  const role = await ensureRole(aws, steps, accountId, arn);
  await steps.step(`delivery of trail ${trail.Name} to ${group}`, false, () =>
    aws.cloudTrail('UpdateTrail', {
      Name: trail.TrailARN,
      CloudWatchLogsLogGroupArn: arn,
      CloudWatchLogsRoleArn: role,
    }),
  );
  return group;
}

/** @returns its ARN */
async function ensureRole(aws: Aws, steps: Steps, accountId: string, groupArn: string): Promise<string> {
  const isThere = await answers(() => aws.iam('GetRole', { RoleName: ROLE }), 'NoSuchEntity');
  await steps.step(`role ${ROLE}`, isThere, () =>
    aws.iam('CreateRole', {
      RoleName: ROLE,
      AssumeRolePolicyDocument: JSON.stringify(trustOf('cloudtrail.amazonaws.com')),
    }),
  );
  const PolicyName = `deliver-${groupArn.split(':')[6]!.replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 128);
  const hasPolicy =
    isThere && (await answers(() => aws.iam('GetRolePolicy', { RoleName: ROLE, PolicyName }), 'NoSuchEntity'));
  const statement = {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: groupArn.replace(/:\*$/, ':log-stream:*'),
  };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await steps.step(`policy ${PolicyName} of role ${ROLE}`, hasPolicy, () =>
    aws.iam('PutRolePolicy', { RoleName: ROLE, PolicyName, PolicyDocument }),
  );
  return `arn:aws:iam::${accountId}:role/${ROLE}`;
}

const trustOf = (Service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
});

/** @returns its ARN; its policy lets alarms of this account publish */
async function ensureTopic(aws: Aws, steps: Steps, accountId: string, wanted: string): Promise<string> {
  const arn = wanted.startsWith('arn:') ? wanted : `arn:aws:sns:${aws.region}:${accountId}:${wanted}`;
  const own = arn.split(':')[4] === accountId;
  let attributes: string | undefined;
  try {
    attributes = await aws.sns('GetTopicAttributes', { TopicArn: arn });
  } catch (error) {
    if (!isError(error, 'NotFound')) throw error;
  }
  if (!own && attributes === undefined) throw new OperatorError(`The topic ${arn} is not there.`);
  await steps.step(`topic ${arn}`, attributes !== undefined, () =>
    aws.sns('CreateTopic', { Name: arn.split(':')[5]! }),
  );
  if (!own) return arn;
  const policy = policyIn(attributes) ?? { Version: '2012-10-17', Statement: [] };
  const allows = policy.Statement.some(({ Sid }) => Sid === STATEMENT);
  await steps.step(`permission of alarms to publish to ${arn}`, allows, async () => {
    const now = policyIn(await aws.sns('GetTopicAttributes', { TopicArn: arn })) ?? policy;
    const statement = {
      Sid: STATEMENT,
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: arn,
      Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
    };
    const AttributeValue = JSON.stringify({ ...now, Statement: [...now.Statement, statement] });
    await aws.sns('SetTopicAttributes', { TopicArn: arn, AttributeName: 'Policy', AttributeValue });
  });
  return arn;
}

interface TopicPolicy {
  readonly Version?: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

function policyIn(attributes: string | undefined): TopicPolicy | undefined {
  const entry = /<key>Policy<\/key>\s*(<value>[^<]*<\/value>)/.exec(attributes ?? '')?.[1];
  const text = entry && textIn(entry, 'value');
  if (!text) return undefined;
  const policy = JSON.parse(text) as TopicPolicy;
  return { ...policy, Statement: [policy.Statement].flat() };
}

async function ensureFilter(aws: Aws, steps: Steps, control: Control, logGroup: string): Promise<void> {
  const wanted = filterOf(control, logGroup);
  let there: object | undefined;
  try {
    const { metricFilters = [] } = await aws.logs<{ metricFilters?: { filterName: string }[] }>(
      'DescribeMetricFilters',
      {
        logGroupName: logGroup,
        filterNamePrefix: wanted.filterName,
      },
    );
    there = metricFilters.find(({ filterName }) => filterName === wanted.filterName);
  } catch (error) {
    if (!isError(error, 'ResourceNotFoundException')) throw error;
  }
  await steps.step(`metric filter ${wanted.filterName}`, there !== undefined && includes(there, wanted), () =>
    aws.logs('PutMetricFilter', wanted),
  );
}

async function ensureAlarm(
  aws: Aws,
  steps: Steps,
  control: Control,
  topic: string,
  there: object | undefined,
): Promise<void> {
  const wanted = alarmOf(control, topic);
  await steps.step(`alarm ${wanted.AlarmName}`, there !== undefined && includes(there, wanted), () =>
    aws.cloudWatch('PutMetricAlarm', wanted),
  );
}

export async function describedAlarms(aws: Aws): Promise<ReadonlyMap<string, DescribedAlarm>> {
  const { MetricAlarms } = await aws.cloudWatch<{ MetricAlarms: DescribedAlarm[] }>('DescribeAlarms', {
    AlarmNamePrefix: 'CIS-',
    MaxRecords: 100,
  });
  return new Map(MetricAlarms.map((alarm) => [alarm.AlarmName, alarm]));
}

export interface DescribedAlarm {
  readonly AlarmName: string;
  readonly StateValue: string;
  readonly StateUpdatedTimestamp: number;
  readonly ActionsEnabled: boolean;
  readonly AlarmActions: readonly string[];
}

/** Whether all that is wanted is there so; of lists, at least so. */
export function includes(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(there) && wanted.every((item) => there.some((other) => includes(other, item)));
  }
  if (typeof wanted !== 'object' || wanted === null) return there === wanted;
  if (typeof there !== 'object' || there === null) return false;
  return Object.entries(wanted).every(([key, value]) => includes((there as Record<string, unknown>)[key], value));
}

async function answers(call: () => Promise<unknown>, missing: string): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (isError(error, missing)) return false;
    throw error;
  }
}
