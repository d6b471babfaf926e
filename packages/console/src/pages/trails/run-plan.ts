import { json, query, s3, s3Path } from '../../api/client.ts';
import type { FormPlace } from './logic/form.ts';
import type { PlannedCall } from './logic/plan.ts';

/** The one call that failed, and those done before it stay done. */
export interface PlanFailure {
  readonly call: PlannedCall;
  readonly error: unknown;
}

/**
 * Makes the calls of a plan, one after the other.
 * @param made calls that an earlier run has made are not made again; what this one makes is added
 * @param done hears after each how many are done
 * @returns what failed, if anything
 */
export async function runPlan(
  calls: readonly PlannedCall[],
  place: FormPlace,
  made: Set<string>,
  done: (count: number) => void,
): Promise<PlanFailure | undefined> {
  for (const [i, call] of calls.entries()) {
    const name = JSON.stringify(call);
    try {
      if (!made.has(name)) await run(call, place);
    } catch (error) {
      return { call, error };
    }
    made.add(name);
    done(i + 1);
  }
  return undefined;
}

function run(call: PlannedCall, { region }: FormPlace): Promise<unknown> {
  const options = { region };
  switch (call.kind) {
    case 'create-bucket':
      return s3('PUT', s3Path(call.bucket), { ...options, ...locationBody(region) });
    case 'bucket-policy':
      return s3('PUT', s3Path(call.bucket), { ...options, query: { policy: '' }, body: call.policy });
    case 'key-policy':
      return json('kms', 'PutKeyPolicy', { KeyId: call.key, PolicyName: 'default', Policy: call.policy }, options);
    case 'create-topic':
      return query('sns', 'CreateTopic', { Name: call.name }, options);
    case 'topic-policy': {
      const input = { TopicArn: call.topic, AttributeName: 'Policy', AttributeValue: call.policy };
      return query('sns', 'SetTopicAttributes', input, options);
    }
    case 'create-log-group':
      return json('logs', 'CreateLogGroup', { logGroupName: call.name }, options);
    case 'create-role':
      return query('iam', 'CreateRole', { RoleName: call.name, AssumeRolePolicyDocument: call.trust }, options);
    case 'role-policy': {
      const input = { RoleName: call.name, PolicyName: 'CloudTrailToCloudWatchLogs', PolicyDocument: call.policy };
      return query('iam', 'PutRolePolicy', input, options);
    }
    case 'cloudtrail':
      return json('cloudtrail', call.operation, call.input, options);
  }
}

/** us-east-1 is where buckets are without saying so. */
const locationBody = (region: string) =>
  region === 'us-east-1'
    ? {}
    : {
        headers: { 'content-type': 'application/xml' },
        body: `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
      };
