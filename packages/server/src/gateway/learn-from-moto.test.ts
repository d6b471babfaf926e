import { spawn, spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import { startMoto, stopMotos } from '../../../../tests/support/moto.ts';
import { type Directory, type KnownIdentity, openDirectory } from '../access/directory.ts';
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
import { factsOf } from './learn.ts';
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

async function directoryOf(lines: string[]): Promise<Directory> {
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
  }, 300_000);
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
