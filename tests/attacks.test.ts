import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSealingKey } from '../packages/server/src/access/sealed-secrets.ts';
import { createSessions } from '../packages/server/src/access/sessions.ts';
import { systemRandom } from '../packages/server/src/base/random.ts';
import * as calls from './attacks/calls.ts';
import { conditionRows, makeConditional } from './attacks/conditions.ts';
import {
  anonymousRows,
  otherAccountRows,
  type People,
  RESTRAINT,
  readerRows,
  restrainedRows,
  strangerRows,
} from './attacks/denials.ts';
import { identityPolicyRows, policyRows } from './attacks/documents.ts';
import {
  ADMINISTRATOR,
  type Climbers,
  escalationRows,
  makeClimbers,
  makeUser,
  PASSWORD,
  session,
} from './attacks/escalation.ts';
import { deputyRows, foreignKeyRows, pathRows } from './attacks/paths.ts';
import type { Row } from './attacks/row.ts';
import { presignedRows, type SessionSet, sessionRows, signatureRows } from './attacks/signatures.ts';
import { type Answer, type Call, type Credentials, hangUp, presigned, send, signed, useHost } from './attacks/wire.ts';
import { A, KMS_PLAINTEXT, makeWorld, must, type World } from './attacks/world.ts';
import { eventually } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';

/** Everything that nobody may do, tried on a running server with two accounts. */

/** Asked for by the project's goals. */
const ROWS_MIN = 400;

let server: RunningOpenTrail;
let world: World;
let rows: readonly Row[];
let secrets: readonly string[];
let tokens: readonly string[];

beforeAll(async () => {
  server = await startOpenTrail();
  useHost(server.endpoint);
  world = await makeWorld(server);
  const { a, b } = world;
  const sessions: SessionSet = {
    live: await session(a, 'GetSessionToken'),
    other: await session(a, 'GetSessionToken'),
    ofB: await session(b, 'GetSessionToken'),
    expired: expiredSession(server.dataDir),
  };
  const people: People = {
    nobody: await makeUser(a, 'nobody'),
    nobodyOfB: await makeUser(b, 'nobody'),
    guest: await session(a, 'GetFederationToken', { Name: 'guest' }),
    reader: await makeUser(a, 'reader', { attached: ['arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess'] }),
    restrained: await makeUser(a, 'restrained', { attached: [ADMINISTRATOR], inline: RESTRAINT }),
  };
  const climbers: Climbers = await makeClimbers(world);
  rows = [
    ...signatureRows(world),
    ...sessionRows(world, sessions),
    ...presignedRows(world, sessions.live),
    ...strangerRows(world, people),
    ...anonymousRows(),
    ...otherAccountRows(world),
    ...readerRows(world, people),
    ...restrainedRows(world, people),
    ...escalationRows(world, climbers, sessions.live),
    ...deputyRows(world),
    ...conditionRows(await makeConditional(a)),
    ...policyRows(world),
    ...identityPolicyRows(world),
    ...foreignKeyRows(world),
    ...pathRows(world),
  ];
  const everybody: readonly Credentials[] = [
    a,
    b,
    ...Object.values(sessions),
    ...Object.values(people),
    ...Object.values(climbers),
  ];
  secrets = [
    ...everybody.map((as) => as.secretAccessKey),
    PASSWORD,
    KMS_PLAINTEXT,
    Buffer.from(KMS_PLAINTEXT).toString('base64'),
  ];
  tokens = everybody.flatMap(({ sessionToken }) => sessionToken ?? []);
});
afterAll(async () => {
  hangUp();
  await cleanUp();
});

/** As the server itself made it an hour ago: there is no waiting for the quarter of an hour that sessions last at least. */
function expiredSession(dataDir: string): Required<Credentials> {
  const sealingKey = openSealingKey({
    path: join(dataDir, 'sealing-key'),
    fromEnvironment: undefined,
    random: systemRandom,
  });
  const now = Date.now();
  const grant = {
    accountId: A,
    owner: { kind: 'root' },
    issuedMs: now - 3_600_000,
    expiresMs: now - 1_000,
    mfa: false,
  } as const;
  return createSessions(sealingKey, systemRandom).issue(grant);
}

interface Outcome {
  readonly row: Row;
  readonly mark: string;
  readonly answer: Answer;
}

/** All of them, some at a time: what one might change is looked at afterwards. */
async function attempt(list: readonly Row[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = [...list.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [i, row] = next;
      const mark = `attack/${i}`;
      outcomes.push({ row, mark, answer: await send(row.wire(), mark) });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return outcomes;
}

/** What there is in both accounts, as far as an attack could change it. Times of last use are no change. */
async function inventory(): Promise<readonly string[]> {
  const seen = async (as: Credentials, call: Call) => {
    const { body } = await must(as, call);
    return body.replace(/<(RequestId|HostId|RoleLastUsed|PasswordLastUsed)>.*?<\/\1>|<RoleLastUsed\/>/gs, '');
  };
  const things: string[] = [];
  for (const [as, x, key] of [
    [world.a, 'a', world.keyOfA],
    [world.b, 'b', world.keyOfB],
  ] as const) {
    things.push(
      await seen(as, calls.s3('ListBuckets', 'GET', '/')),
      await seen(as, calls.s3('ListObjectVersions', 'GET', `/${x}-private?versions`)),
      await seen(
        as,
        calls.s3('ListObjectsV2', 'GET', `/${x}-logs?list-type=2&prefix=AWSLogs/${A}/CloudTrail/us-east-1/2026/01/`),
      ),
      await seen(as, calls.s3('GetBucketPolicy', 'GET', `/${x}-logs?policy`)),
      await seen(as, calls.s3('GetBucketVersioning', 'GET', `/${x}-private?versioning`)),
      await seen(as, calls.cloudTrail('DescribeTrails')),
      await seen(as, calls.cloudTrail('GetEventSelectors', { TrailName: `main-${x}` })),
      /"IsLogging":(\w+)/.exec(await seen(as, calls.cloudTrail('GetTrailStatus', { Name: `main-${x}` })))![0],
      await seen(as, calls.kms('ListKeys')),
      await seen(as, calls.kms('ListAliases')),
      await seen(as, calls.kms('DescribeKey', { KeyId: key })),
      await seen(as, calls.kms('GetKeyPolicy', { KeyId: key })),
      await seen(as, calls.kms('ListGrants', { KeyId: key })),
      await seen(as, calls.iam('GetAccountAuthorizationDetails', { MaxItems: '1000' })),
      await seen(as, calls.iam('GetAccountSummary')),
      await seen(as, calls.own('ListAccounts')),
    );
  }
  return things;
}

const rejections = async (): Promise<Record<string, number>> => {
  const page = await (await fetch(`${server.endpoint}/metrics`)).text();
  const found = page.matchAll(/^opentrail_rejected_requests_total\{code="(\w+)"\} (\d+)/gm);
  return Object.fromEntries([...found].map(([, code, count]) => [code, Number(count)]));
};

/** Records name errors by their names in the model, but AccessDenied everywhere (event/conventions/errors.ts). */
const IN_RECORDS: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  MalformedPolicyDocument: 'MalformedPolicyDocumentException',
};
const inRecords = (code: string): string => IN_RECORDS[code] ?? code;

/** errorCode by the mark of the attempt; a record in each account that it concerns. */
async function errorsByMark(): Promise<Map<string, Set<string>>> {
  const tail = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false');
  const found = new Map<string, Set<string>>();
  for (const line of (await tail.text()).trim().split('\n')) {
    const record = JSON.parse(line) as { userAgent?: string; errorCode?: string };
    const mark = /attack\/\d+/.exec(record.userAgent ?? '')?.[0];
    if (mark !== undefined) found.set(mark, (found.get(mark) ?? new Set()).add(record.errorCode ?? '(none)'));
  }
  return found;
}

test('every forbidden attempt is denied by AWS’s own name, changes nothing and leaves its trace', async () => {
  const before = { inventory: await inventory(), rejections: await rejections() };
  const began = Date.now();
  const open = rows.filter((row) => row.open !== undefined);
  const outcomes = await attempt(rows.filter((row) => row.open === undefined));
  for (const row of open) process.stderr.write(`OPEN, GETS THROUGH: ${row.title}: ${row.open}\n`);
  process.stderr.write(
    `${outcomes.length} forbidden attempts in ${Date.now() - began} ms; ${open.length} still open\n`,
  );
  expect(outcomes.length).toBeGreaterThanOrEqual(ROWS_MIN);
  const titles = rows.map(({ title }) => title);
  expect(
    titles.filter((title, i) => titles.indexOf(title) !== i),
    'each attempt is another one',
  ).toEqual([]);

  const said = ({ row, answer }: Outcome) =>
    `${row.title}: wanted ${row.status} ${row.code}, got ${answer.status} ${answer.code} ${answer.body.slice(0, 300)}`;
  const isAsWanted = ({ row, answer }: Outcome) =>
    answer.status === row.status && (answer.code === row.code || (answer.code === '' && answer.body === ''));
  const wrong = outcomes.filter((outcome) => !isAsWanted(outcome)).map(said);
  expect(wrong).toEqual([]);

  expect(await inventory()).toEqual(before.inventory);

  const errors = await errorsByMark();
  const unrecorded = outcomes.filter(
    ({ row, mark }) => row.leaves === 'record' && !errors.get(mark)?.has(inRecords(row.code)),
  );
  expect(unrecorded.map(({ row, mark }) => `${row.title}: ${[...(errors.get(mark) ?? ['no record'])]}`)).toEqual([]);
  const recorded = outcomes.filter(({ row, mark }) => row.leaves === 'count' && errors.has(mark));
  expect(recorded.map(({ row }) => row.title)).toEqual([]);

  const counted: Record<string, number> = { ...before.rejections };
  for (const { row } of outcomes) if (row.leaves === 'count') counted[row.code] = (counted[row.code] ?? 0) + 1;
  expect(await rejections()).toEqual(counted);
}, 300_000);

test('what was tampered with would have been let through as it was', async () => {
  const get = calls.s3('GetObject', 'GET', '/a-private/doc.txt');
  const live = await session(world.a, 'GetSessionToken');
  for (const as of [world.a, live]) {
    expect(await send(presigned(get, as), 'control')).toMatchObject({ status: 200, body: 'of a' });
    expect(await send(signed(get, as), 'control')).toMatchObject({ status: 200, body: 'of a' });
    await must(as, calls.cloudTrail('StartLogging', { Name: 'main-a' }));
    await must(as, calls.kms('EnableKey', { KeyId: world.keyOfA }));
  }
});

test('a list of deletions is refused key by key, with status 200 as S3 has it', async () => {
  const body = '<Delete><Object><Key>doc.txt</Key></Object><Object><Key>other.txt</Key></Object></Delete>';
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  const call = calls.s3('DeleteObjects', 'POST', '/a-private?delete', body, headers);
  const answer = await send(signed(call, world.b), 'deletions');
  expect([answer.status, answer.body.match(/<Code>AccessDenied<\/Code>/g)?.length]).toEqual([200, 2]);
  expect(answer.body).not.toContain('<Deleted>');
  await must(world.a, calls.s3('GetObject', 'GET', '/a-private/doc.txt'));
});

test('no secret stands in clear in the data folder or the log, but what is in the credentials file', async () => {
  await eventually(async () => (await fetch(`${server.endpoint}/readyz`)).ok, 'the server is well');
  const log = server.log();
  await server.stop();
  const places: [string, string][] = [['the log', log]];
  for (const entry of readdirSync(server.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'credentials') continue;
    places.push([join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'latin1')]);
  }
  expect(places.length).toBeGreaterThan(5);
  // Records show session tokens, as AWS's do: without the secret, which is nowhere, they open nothing.
  const inPlace = (name: string) => (name.startsWith(join(server.dataDir, 'log')) ? secrets : [...secrets, ...tokens]);
  const found = places.flatMap(([name, text]) =>
    inPlace(name)
      .filter((secret) => text.includes(secret))
      .map((secret) => `${secret.slice(0, 6)}… in ${name}`),
  );
  expect(found).toEqual([]);
});
