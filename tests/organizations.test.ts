import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, clientEnv, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { ACCOUNT } from './support/trail.ts';

/** Organizations with the vendor's clients: an account made by the CLI, and what service control policies do to it. */
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail();
});
afterAll(cleanUp);

type Env = Readonly<Record<string, string>>;
const memberEnv = (accountId: string): Env =>
  clientEnv(server.endpoint, join(server.dataDir, 'credentials'), `opentrail-${accountId}`);

const DENY_STOP = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: 'cloudtrail:StopLogging', Resource: '*' }],
});

/** An organization with service control policies, unless it is there already. */
async function organize(): Promise<void> {
  await awsRaw(server.env, 'organizations', 'create-organization');
  const { Roots } = await aws<{ Roots: { Id: string }[] }>(server.env, 'organizations', 'list-roots');
  const enabled = ['--policy-type', 'SERVICE_CONTROL_POLICY', '--root-id', Roots[0]!.Id];
  await awsRaw(server.env, 'organizations', 'enable-policy-type', ...enabled);
}

/** Through CreateAccount, waiting as clients do. */
async function newAccount(name: string): Promise<string> {
  const asked = await aws<{ CreateAccountStatus: { Id: string } }>(
    ...([server.env, 'organizations', 'create-account'] as const),
    ...['--email', `${name}@example.com`, '--account-name', name],
  );
  return eventually(async () => {
    const { CreateAccountStatus: now } = await aws<{ CreateAccountStatus: { State: string; AccountId: string } }>(
      ...([server.env, 'organizations', 'describe-create-account-status'] as const),
      ...['--create-account-request-id', asked.CreateAccountStatus.Id],
    );
    return now.State === 'SUCCEEDED' && now.AccountId;
  }, 'the account is made');
}

// biome-ignore lint/suspicious/noExplicitAny: a record, as JSON
const recordOf = (env: Env, eventName: string): Promise<any> =>
  eventually(async () => {
    const { Events } = await aws<{ Events: { CloudTrailEvent: string }[] }>(
      ...([env, 'cloudtrail', 'lookup-events', '--lookup-attributes'] as const),
      `AttributeKey=EventName,AttributeValue=${eventName}`,
    );
    return Events[0] && JSON.parse(Events[0].CloudTrailEvent);
  }, `a record of ${eventName}`);

describe('with the AWS CLI', () => {
  testWith(
    ['aws'],
    'a service control policy keeps a member from stopping its trail, whoever it is, and the refusal is recorded',
    async () => {
      const { env } = server;
      const alone = await awsRaw(env, 'organizations', 'describe-organization');
      expect(alone.stderr).toContain('AWSOrganizationsNotInUseException');
      await organize();
      const member = await newAccount('audited');

      const { Policy } = await aws<{ Policy: { PolicySummary: { Id: string } } }>(
        ...([env, 'organizations', 'create-policy', '--name', 'no-stop', '--description', 'Keeps trails'] as const),
        ...['--type', 'SERVICE_CONTROL_POLICY', '--content', DENY_STOP],
      );
      const own = memberEnv(member);
      const before = await awsRaw(own, 'cloudtrail', 'stop-logging', '--name', 'main');
      expect(before.stderr).toContain('TrailNotFoundException');
      await aws(
        ...([env, 'organizations', 'attach-policy', '--policy-id', Policy.PolicySummary.Id] as const),
        ...['--target-id', member],
      );

      const refused = await awsRaw(own, 'cloudtrail', 'stop-logging', '--name', 'main');
      expect(refused.stderr).toMatch(/AccessDenied.*with an explicit deny in a service control policy/);
      const record = await eventually(async () => {
        const last = await recordOf(own, 'StopLogging');
        return last.errorCode === 'AccessDenied' && last;
      }, 'the refusal is recorded');
      expect(record).toMatchObject({
        eventSource: 'cloudtrail.amazonaws.com',
        recipientAccountId: member,
        errorMessage: expect.stringMatching(/ with an explicit deny in a service control policy$/),
      });

      // Also whoever comes in from the management account, by the role that CreateAccount made.
      const { Credentials } = await aws<{ Credentials: Record<string, string> }>(
        ...([env, 'sts', 'assume-role', '--role-session-name', 'admin'] as const),
        ...['--role-arn', `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`],
      );
      const { AWS_PROFILE: _profile, ...bare } = env;
      const session = {
        ...bare,
        AWS_ACCESS_KEY_ID: Credentials.AccessKeyId!,
        AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey!,
        AWS_SESSION_TOKEN: Credentials.SessionToken!,
      };
      await aws(session, 'cloudtrail', 'describe-trails');
      const denied = await awsRaw(session, 'cloudtrail', 'stop-logging', '--name', 'main');
      expect(denied.stderr).toMatch(/assumed-role\/OrganizationAccountAccessRole\/admin .* service control policy/);
      // The management account itself is not limited.
      const manager = await awsRaw(env, 'cloudtrail', 'stop-logging', '--name', 'main');
      expect(manager.stderr).toContain('TrailNotFoundException');

      expect((await awsRaw(own, 'organizations', 'list-accounts')).stderr).toContain('AccessDeniedException');
      const made = await recordOf(env, 'CreateAccountResult');
      expect(made.serviceEventDetails.createAccountStatus).toMatchObject({ accountId: member, state: 'SUCCEEDED' });
      expect((await recordOf(env, 'CreateAccount')).requestParameters).not.toMatchObject({
        email: 'audited@example.com',
      });
    },
    300_000,
  );
});

interface BotoResult {
  readonly names: readonly string[];
  readonly parents: readonly string[];
  readonly joined: string;
  readonly errors: readonly string[];
  readonly services: readonly string[];
  readonly administrators: readonly string[];
}

testWith(
  ['boto3', 'aws'],
  'boto3: units, an account that moves, an invitation, delegated administrators; all of it after kill -9 too',
  async () => {
    const { env } = server;
    await organize();
    const [app, guest] = [await newAccount('app'), await newAccount('guest')];
    await aws(memberEnv(guest), 'organizations', 'leave-organization');
    const told = await boto3<BotoResult>(
      { ...env, APP: app, GUEST: guest, GUEST_PROFILE: `opentrail-${guest}` },
      `
org = client('organizations')
app, guest = os.environ['APP'], os.environ['GUEST']
root = org.list_roots()['Roots'][0]['Id']
unit = org.create_organizational_unit(ParentId=root, Name='prod', Tags=[{'Key': 'env', 'Value': 'prod'}])['OrganizationalUnit']['Id']
org.move_account(AccountId=app, SourceParentId=root, DestinationParentId=unit)
parents = [p['Id'] == unit for p in org.list_parents(ChildId=app)['Parents']]
errors = []
def failing(call, **kw):
    try: call(**kw)
    except org.exceptions.ClientError as e: errors.append(e.response['Error']['Code'] + ' ' + e.response.get('Reason', ''))
failing(org.delete_organizational_unit, OrganizationalUnitId=unit)
failing(org.register_delegated_administrator, AccountId=app, ServicePrincipal='cloudtrail.amazonaws.com')
failing(org.create_organization)
failing(org.describe_account, AccountId=guest)
failing(org.attach_policy, PolicyId='p-FullAWSAccess', TargetId=root)
failing(org.close_account, AccountId=app)
handshake = org.invite_account_to_organization(Target={'Id': guest, 'Type': 'ACCOUNT'}, Notes='Please')['Handshake']
theirs = boto3.Session(profile_name=os.environ['GUEST_PROFILE']).client('organizations', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
assert [h['Id'] for h in theirs.list_handshakes_for_account()['Handshakes']] == [handshake['Id']]
joined = theirs.accept_handshake(HandshakeId=handshake['Id'])['Handshake']['State']
org.enable_aws_service_access(ServicePrincipal='cloudtrail.amazonaws.com')
org.register_delegated_administrator(AccountId=app, ServicePrincipal='cloudtrail.amazonaws.com')
names = [a['Name'] for page in org.get_paginator('list_accounts').paginate(PaginationConfig={'PageSize': 2}) for a in page['Accounts']]
print(json.dumps({
    'names': names, 'parents': parents, 'joined': joined, 'errors': errors,
    'services': [s['ServicePrincipal'] for s in org.list_aws_service_access_for_organization()['EnabledServicePrincipals']],
    'administrators': [a['Id'] for a in org.list_delegated_administrators(ServicePrincipal='cloudtrail.amazonaws.com')['DelegatedAdministrators']],
}))
`,
    );
    expect(told).toMatchObject({
      names: expect.arrayContaining(['app', 'guest', `account-${ACCOUNT}`]),
      parents: [true],
      joined: 'ACCEPTED',
      errors: [
        'OrganizationalUnitNotEmptyException ',
        'ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED',
        'AlreadyInOrganizationException ',
        'AccountNotFoundException ',
        'DuplicatePolicyAttachmentException ',
        'UnsupportedAPIEndpointException ',
      ],
      services: ['cloudtrail.amazonaws.com'],
      administrators: [app],
    });

    const { dataDir } = server;
    await server.kill();
    server = await startOpenTrail({ dataDir });
    const seen = await aws<{ Accounts: { Id: string; JoinedMethod: string }[] }>(
      memberEnv(app),
      ...['organizations', 'list-accounts'],
    );
    expect(seen.Accounts).toContainEqual(expect.objectContaining({ Id: guest, JoinedMethod: 'INVITED' }));
  },
  300_000,
);
