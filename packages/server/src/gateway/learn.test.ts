import { spawn, spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import { startMoto, stopMotos } from '../../../../tests/support/moto.ts';
import { type Directory, type KnownIdentity, openDirectory } from '../access/directory.ts';
import { parseDirectory } from '../access/directory-file.ts';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { UserIdentity } from '../event/record.ts';
import { memoryState } from '../ports/state/memory.ts';
import { loadSchema } from '../schema/load.ts';
import type { ServiceSchema } from '../schema/types.ts';
import { decodeInput, decodeOutput } from '../wire/codec/index.ts';
import { readRequest } from '../wire/request.ts';
import { parseAuthorization } from '../wire/sigv4/index.ts';
import { identify } from './identify.ts';
import { factsOf, type Taught } from './learn.ts';
import { mayTeach } from './may-teach.ts';

const A = '123456789012';
const B = '210987654321';
const ROOT = {
  type: 'Root',
  principalId: A,
  arn: `arn:aws:iam::${A}:root`,
  accountId: A,
  accessKeyId: 'AKIAROOTROOTROOTROOT',
};
const SCRIPT = fileURLToPath(new URL('./learn-from-moto.py', import.meta.url));
const hasMoto = spawnSync('python3', ['-c', 'import boto3, moto.server']).status === 0;

interface Step {
  readonly step: string;
  readonly key: string;
  readonly [fact: string]: string;
}

/** What the gateway thought when boto3 told of a step. */
interface Thought {
  readonly told: Step;
  readonly known: KnownIdentity | undefined;
}

async function directoryOf(lines: string[] = []): Promise<Directory> {
  return openDirectory({
    state: memoryState(),
    clock: systemClock,
    random: systemRandom,
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
    sealingKey: Buffer.alloc(32, 3),
    unknownAccountId: A,
  });
}

describe.skipIf(!hasMoto)('what boto3 and moto say to each other', () => {
  const thoughts = new Map<string, Thought>();
  const callers = new Map<string, UserIdentity[]>();
  const lines: string[] = [];

  beforeAll(async () => {
    const moto = await startMoto('many');
    const directory = await directoryOf(lines);
    await directory.learn({
      fact: 'key',
      accessKeyId: ROOT.accessKeyId,
      key: { accountId: A, owner: { kind: 'root' }, source: 'issued', active: true },
    });
    const schemas: Record<string, ServiceSchema> = {
      iam: { ...schemaFromClient('@aws-sdk/client-iam', { id: 'iam', fractional: 'all' }), endpointPrefix: 'iam' },
      sts: loadSchema('sts'),
    };
    const gateway = createServer(async (req, res) => {
      const body = await bytesOf(req);
      const http = readRequest(req);
      const authorization = parseAuthorization(http);
      const known = authorization && directory.find(authorization.accessKeyId);
      const form = new URLSearchParams(body.toString());
      const operation = form.get('Action')!;
      const schema = schemas[form.get('Version') === '2011-06-15' ? 'sts' : 'iam']!;
      const answered = await fetch(moto.endpoint, { method: 'POST', headers: passed(http.headers), body });
      const answer = {
        status: answered.status,
        headers: Object.fromEntries(answered.headers),
        body: Buffer.from(await answered.arrayBuffer()),
      };
      const target = { schema, protocol: 'awsQuery', operation, labels: {} } as const;
      const input = decodeInput(target, http, body);
      const output = answered.ok ? decodeOutput(target, answer) : undefined;
      const accessKeyId = authorization?.accessKeyId;
      const who = identify({
        schemaId: schema.id,
        operation,
        accessKeyId,
        known,
        input,
        output,
        unknownAccountId: directory.unknownAccountId,
      });
      callers.set(operation, [...(callers.get(operation) ?? []), who.identity]);
      const copy = (bytes: Buffer) => ({ bytes, whole: true, totalBytes: bytes.length });
      const exchange = {
        http,
        startMs: 0,
        endMs: Date.now(),
        requestBody: copy(body),
        answer: { ...answer, body: copy(answer.body) },
      };
      expect(mayTeach(exchange, schema, [])).toBe(answered.ok);
      const taught = {
        schemaId: schema.id,
        operation,
        input,
        output,
        caller: known,
        accessKeyId,
        accountId: who.accountId,
      };
      await directory.learn(...factsOf({ ...taught, timeMs: Date.now() }));
      res.writeHead(answer.status, { 'content-type': answer.headers['content-type'] ?? '' }).end(answer.body);
    });
    await new Promise<void>((fulfil) => gateway.listen(0, '127.0.0.1', fulfil));
    const { port } = gateway.address() as AddressInfo;
    const python = spawn('python3', [SCRIPT, `http://127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: python.stdout })) {
      const told = JSON.parse(line) as Step;
      thoughts.set(told.step, { told, known: directory.find(told.key) });
    }
    gateway.close();
    await directory.close();
    await moto.stop();
  }, 120_000);
  afterAll(stopMotos);

  const at = (step: string) => {
    const { told, known } = thoughts.get(step)!;
    return { told, known, identity: known?.identity };
  };
  const creationDate = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const arnOf = (account: string, name: string) => `arn:aws:sts::${account}:${name}`;

  test('the script went through', () => expect(thoughts.has('end')).toBe(true));

  test('a user by CreateUser and CreateAccessKey', () => {
    const { told, known, identity } = at('user');
    expect(Object.entries(identity!)).toEqual([
      ['type', 'IAMUser'],
      ['principalId', told.userId],
      ['arn', `arn:aws:iam::${A}:user/team/bob`],
      ['accountId', A],
      ['accessKeyId', told.key],
      ['userName', 'bob'],
    ]);
    expect(known?.secretAccessKey).toBe(told.secret);
  });

  test('a role session with MFA, source identity and transitive tags', () => {
    const { told, known, identity } = at('role');
    expect(JSON.stringify(identity)).toBe(
      JSON.stringify({
        type: 'AssumedRole',
        principalId: told.principalId,
        arn: arnOf(A, 'assumed-role/app/s1'),
        accountId: A,
        accessKeyId: told.key,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: told.roleId,
            arn: `arn:aws:iam::${A}:role/svc/app`,
            accountId: A,
            userName: 'app',
          },
          attributes: {
            creationDate: (identity!.sessionContext as { attributes: { creationDate: string } }).attributes
              .creationDate,
            mfaAuthenticated: 'true',
          },
          sourceIdentity: 'robert',
        },
      }),
    );
    expect(known?.session).toMatchObject({ transitiveTags: { team: 'red' } });
    expect(known?.session?.expiresMs).toBeGreaterThan(Date.now() + 3_000_000);
    expect(known?.secretAccessKey).toBe(told.secret);
    expect(JSON.stringify(known)).not.toContain(told.token);
  });

  test('a chained session in another account keeps source identity and transitive tags', () => {
    const { told, known, identity } = at('chained');
    expect(identity).toEqual({
      type: 'AssumedRole',
      principalId: told.principalId,
      arn: arnOf(B, 'assumed-role/away/s2'),
      accountId: B,
      accessKeyId: told.key,
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: told.principalId!.split(':')[0],
          arn: `arn:aws:iam::${B}:role/far/away`,
          accountId: B,
          userName: 'away',
        },
        attributes: { creationDate, mfaAuthenticated: 'false' },
        sourceIdentity: 'robert',
      },
    });
    expect(known?.session?.transitiveTags).toEqual({ team: 'red' });
  });

  test('a user of the same name in the other account', () => {
    const { told, identity } = at('other account');
    expect(identity).toMatchObject({ principalId: told.userId, accountId: B, arn: `arn:aws:iam::${B}:user/bob` });
    expect(told.userId).not.toBe(at('user').told.userId);
  });

  test('a web identity: the caller by its token, then the session', () => {
    const provider = `arn:aws:iam::${A}:oidc-provider/oidc.example/id/1`;
    expect(callers.get('AssumeRoleWithWebIdentity')).toEqual([
      {
        type: 'WebIdentityUser',
        principalId: `${provider}:sts.amazonaws.com:system:sa:web`,
        userName: 'system:sa:web',
        identityProvider: provider,
      },
    ]);
    const { sessionContext } = at('web identity').identity!;
    expect(Object.keys(sessionContext!)).toEqual(['sessionIssuer', 'webIdFederationData', 'attributes']);
    expect(sessionContext).toMatchObject({ webIdFederationData: { federatedProvider: provider, attributes: {} } });
  });

  test('SAML: the caller by the answer, then the session', () => {
    const { told, identity } = at('saml');
    const identityProvider = 'B64EncodedStringOfHashOfIssuerAccountIdAndUserId=';
    expect(callers.get('AssumeRoleWithSAML')).toEqual([
      {
        type: 'SAMLUser',
        principalId: `${identityProvider}:${told.subject}`,
        userName: told.subject,
        identityProvider,
      },
    ]);
    expect(identity).toMatchObject({ type: 'AssumedRole', arn: arnOf(A, 'assumed-role/app/carol') });
    expect(identity!.sessionContext).not.toHaveProperty('webIdFederationData');
  });

  test('GetSessionToken: the user, with a session', () => {
    const { told, identity } = at('session');
    expect(identity).toEqual({
      type: 'IAMUser',
      principalId: told.userId,
      arn: `arn:aws:iam::${A}:user/team/bob`,
      accountId: A,
      accessKeyId: told.key,
      userName: 'bob',
      sessionContext: { attributes: { creationDate, mfaAuthenticated: 'true' } },
    });
  });

  test('GetFederationToken: a federated user, issued by the user', () => {
    const { told, identity } = at('federated');
    expect(identity).toEqual({
      type: 'FederatedUser',
      principalId: `${A}:guest`,
      arn: arnOf(A, 'federated-user/guest'),
      accountId: A,
      accessKeyId: told.key,
      sessionContext: {
        sessionIssuer: {
          type: 'IAMUser',
          principalId: told.userId,
          arn: `arn:aws:iam::${A}:user/team/bob`,
          accountId: A,
          userName: 'bob',
        },
        attributes: { creationDate, mfaAuthenticated: 'false' },
      },
    });
  });

  test('a stranger is Unknown until GetCallerIdentity says who it is', () => {
    expect(at('stranger').known).toBeUndefined();
    const { told, identity } = at('stranger asked');
    const unknown = { type: 'Unknown', principalId: told.key, accountId: A, accessKeyId: told.key };
    expect(callers.get('GetCallerIdentity')).toEqual([unknown]);
    expect(identity).toMatchObject({ type: 'IAMUser', userName: 'moto', arn: `arn:aws:iam::${A}:user/moto` });
  });

  test('root, with the account’s alias once it has one', () => {
    expect(callers.get('CreateAccountAlias')).toEqual([ROOT]);
    expect(at('alias').identity).toEqual({ ...ROOT, userName: 'acme' });
  });

  test('a renamed user, an inactive key, a deleted key', () => {
    const { told, identity } = at('renamed');
    expect(identity).toMatchObject({
      userName: 'rob',
      arn: `arn:aws:iam::${A}:user/team/rob`,
      principalId: told.userId,
    });
    expect(at('inactive').known?.active).toBe(false);
    expect(at('deleted').known).toBeUndefined();
  });

  test('no secret in an identity or a log line', () => {
    const secrets = [...thoughts.values()]
      .flatMap(({ told }) => [told.secret, told.token])
      .filter((s) => s !== undefined);
    expect(secrets.length).toBeGreaterThan(2);
    const shown =
      JSON.stringify([...callers.values(), ...[...thoughts.values()].map(({ known }) => known?.identity)]) +
      lines.join('');
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });
});

const bytesOf = async (req: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const passed = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !['host', 'connection', 'content-length', 'accept-encoding'].includes(name),
    ),
  );

describe('answers that moto does not give', () => {
  const taught = (
    schemaId: string,
    operation: string,
    input: object,
    output: object,
    more: Partial<Taught> = {},
  ): Taught => ({
    schemaId,
    operation,
    input: input as Taught['input'],
    output: output as Taught['output'],
    caller: undefined,
    accessKeyId: undefined,
    accountId: A,
    timeMs: Date.UTC(2026, 0, 1),
    ...more,
  });
  const Credentials = {
    AccessKeyId: 'ASIAX',
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Expiration: new Date(Date.now() + 3_600_000),
  };
  const identityAfter = async (call: Taught, id = 'ASIAX') => {
    const directory = await directoryOf();
    await directory.learn(...factsOf(call));
    return directory.find(id)?.identity;
  };

  test('AssumeRoot', async () => {
    const identity = await identityAfter(
      taught('sts', 'AssumeRoot', { TargetPrincipal: B }, { Credentials, SourceIdentity: 'me' }),
    );
    expect(identity).toEqual({
      ...{ type: 'Root', principalId: B, arn: `arn:aws:iam::${B}:root`, accountId: B, accessKeyId: 'ASIAX' },
      sessionContext: {
        attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' },
        sourceIdentity: 'me',
        assumedRoot: 'true',
      },
    });
  });

  test('a service-linked role’s session is its service’s', async () => {
    const RoleArn = `arn:aws:iam::${A}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS`;
    const AssumedRoleUser = { Arn: `arn:aws:sts::${A}:assumed-role/AWSServiceRoleForRDS/s`, AssumedRoleId: 'AROAX:s' };
    const identity = await identityAfter(taught('sts', 'AssumeRole', { RoleArn }, { Credentials, AssumedRoleUser }));
    expect(identity).toMatchObject({
      invokedBy: 'rds.amazonaws.com',
      sessionContext: { sessionIssuer: { arn: RoleArn } },
    });
  });

  test('a role ARN that the answer does not bear out is not believed', async () => {
    const AssumedRoleUser = { Arn: `arn:aws:sts::${A}:assumed-role/app/s`, AssumedRoleId: 'AROAX:s' };
    const input = { RoleArn: `arn:aws:iam::${B}:role/aws-service-role/rds.amazonaws.com/app` };
    const identity = await identityAfter(taught('sts', 'AssumeRole', input, { Credentials, AssumedRoleUser }));
    expect(identity).toMatchObject({
      accountId: A,
      sessionContext: { sessionIssuer: { arn: `arn:aws:iam::${A}:role/app` } },
    });
    expect(identity).not.toHaveProperty('invokedBy');
  });

  test('MinIO names no role: the session is its caller’s', async () => {
    const directory = await directoryOf();
    await directory.learn({
      fact: 'key',
      accessKeyId: 'minioadmin',
      key: { accountId: A, owner: { kind: 'root' }, source: 'issued', active: true },
    });
    const caller = directory.find('minioadmin');
    const input = { RoleArn: 'arn:xxx:xxx:xxx:xxxx', RoleSessionName: 'x' };
    await directory.learn(...factsOf(taught('sts', 'AssumeRole', input, { Credentials }, { caller })));
    expect(directory.find('ASIAX')?.identity).toMatchObject({ type: 'Root', sessionContext: { attributes: {} } });
  });

  test('Cognito and SSO: the account first, the role when GetCallerIdentity tells it', async () => {
    const directory = await directoryOf();
    const sso = {
      roleCredentials: {
        accessKeyId: 'ASIAX',
        secretAccessKey: 's',
        sessionToken: 't',
        expiration: Date.now() + 3_600_000,
      },
    };
    await directory.learn(...factsOf(taught('sso', 'GetRoleCredentials', { roleName: 'Admin', accountId: B }, sso)));
    expect(directory.find('ASIAX')?.identity).toEqual({
      type: 'AssumedRole',
      accountId: B,
      accessKeyId: 'ASIAX',
      sessionContext: { attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' } },
    });
    const Arn = `arn:aws:sts::${B}:assumed-role/AWSReservedSSO_Admin_1/carol`;
    const told = taught(
      'sts',
      'GetCallerIdentity',
      {},
      { Arn, Account: B, UserId: 'AROAY:carol' },
      { accessKeyId: 'ASIAX' },
    );
    expect(factsOf({ ...told, resigned: true })).toEqual([]);
    await directory.learn(...factsOf(told));
    expect(directory.find('ASIAX')?.identity).toMatchObject({
      principalId: 'AROAY:carol',
      arn: Arn,
      sessionContext: {
        sessionIssuer: { userName: 'AWSReservedSSO_Admin_1' },
        attributes: { mfaAuthenticated: 'false' },
      },
    });
    const cognito = {
      IdentityId: 'us-east-1:1',
      Credentials: { AccessKeyId: 'ASIAY', SecretKey: 's', SessionToken: 't', Expiration: new Date() },
    };
    await directory.learn(
      ...factsOf(taught('cognito-identity', 'GetCredentialsForIdentity', { IdentityId: 'us-east-1:1' }, cognito)),
    );
    expect(directory.find('ASIAY')?.identity).toMatchObject({
      sessionContext: {
        webIdFederationData: {
          federatedProvider: 'cognito-identity.amazonaws.com',
          attributes: { 'cognito-identity.amazonaws.com:sub': 'us-east-1:1' },
        },
      },
    });
  });

  test('failed federated calls show whom the caller claimed to be, and never the token', () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'accounts.google.com', aud: 'app', sub: '42' })).toString(
      'base64url',
    );
    const web = identify({
      ...BARE,
      operation: 'AssumeRoleWithWebIdentity',
      input: { RoleArn: `arn:aws:iam::${B}:role/x`, WebIdentityToken: `e30.${claims}.sig` },
    });
    expect(web).toEqual({
      accountId: B,
      known: undefined,
      identity: {
        type: 'WebIdentityUser',
        principalId: 'accounts.google.com:app:42',
        userName: '42',
        identityProvider: 'accounts.google.com',
      },
    });
    const xml =
      '<r><saml:Issuer xmlns:saml="x">https://example.com/saml</saml:Issuer><saml:NameID Format="p">carol</saml:NameID></r>';
    const input = {
      SAMLAssertion: Buffer.from(xml).toString('base64'),
      PrincipalArn: `arn:aws:iam::${A}:saml-provider/MySAMLIdP`,
    };
    const saml = identify({ ...BARE, operation: 'AssumeRoleWithSAML', input }).identity;
    expect(saml).toMatchObject({ userName: 'carol', identityProvider: expect.stringMatching(/^[\w+/]{27}=$/) });
    expect(identify({ ...BARE, operation: 'AssumeRoleWithSAML' }).identity).toEqual({ type: 'SAMLUser' });
  });

  test('unsigned calls', () => {
    expect(identify({ ...BARE, schemaId: 's3' }).identity).toEqual({
      type: 'AWSAccount',
      principalId: '',
      accountId: 'ANONYMOUS_PRINCIPAL',
    });
    expect(identify({ ...BARE, schemaId: 'cognito-identity' }).identity).toEqual({
      type: 'Unknown',
      principalId: 'Anonymous',
    });
  });
  const BARE = { schemaId: 'sts', operation: undefined, accessKeyId: undefined, known: undefined, unknownAccountId: A };

  test('whatever an answer holds, facts are facts, and no secret shows in an identity', async () => {
    const file = parseDirectory('{}', 'x');
    expect(file.keys.size).toBe(0);
    const names = [
      'GetUser',
      'ListUsers',
      'CreateAccessKey',
      'ListAccessKeys',
      'UpdateAccessKey',
      'CreateRole',
      'ListAccountAliases',
    ];
    const sts = [
      'AssumeRole',
      'AssumeRoleWithWebIdentity',
      'AssumeRoleWithSAML',
      'AssumeRoot',
      'GetCallerIdentity',
      'GetFederationToken',
      'GetSessionToken',
    ];
    const cases = fc.oneof(
      fc.tuple(fc.constant('iam'), fc.constantFrom(...names)),
      fc.tuple(fc.constant('sts'), fc.constantFrom(...sts)),
      fc.tuple(
        fc.constantFrom('sso', 'organizations', 'toString'),
        fc.constantFrom('GetRoleCredentials', 'CreateAccount', 'constructor'),
      ),
    );
    const leaf = fc.oneof(
      fc.string(),
      fc.constant(`arn:aws:sts::${A}:assumed-role/a/b`),
      fc.constant(`arn:aws:iam::${A}:user/x`),
      fc.jsonValue(),
    );
    const SECRET = 'TheSecretAccessKey';
    const member = fc.constantFrom(
      'User',
      'Users',
      'AccessKey',
      'Arn',
      'UserName',
      'UserId',
      'RoleArn',
      'AssumedRoleUser',
      'AccessKeyId',
      'TargetPrincipal',
      'Role',
      'RoleName',
    );
    const tree = fc.dictionary(
      member,
      fc.oneof(leaf, fc.dictionary(member, leaf), fc.array(fc.dictionary(member, leaf))),
    );
    const directory = await directoryOf();
    await fc.assert(
      fc.asyncProperty(cases, tree, tree, async ([schemaId, operation], input, output) => {
        const withSecrets = {
          AccessKey: { AccessKeyId: 'AKIAP', UserName: 'u', SecretAccessKey: SECRET },
          Credentials: { ...Credentials, SecretAccessKey: SECRET, SessionToken: SECRET },
          ...output,
        };
        const facts = factsOf(taught(schemaId, operation, input, withSecrets, { accessKeyId: 'AKIAP' }));
        await directory.learn(...facts);
        for (const id of ['AKIAP', 'ASIAX'])
          expect(JSON.stringify(directory.find(id)?.identity) ?? '').not.toContain(SECRET);
      }),
      { numRuns: 500 },
    );
  });
});
