import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { seededRandom } from '../base/random.ts';
import { memoryState } from '../ports/state/memory.ts';
import { openDirectory } from './directory.ts';
import { parseDirectory } from './directory-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'opentrail-identities-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const path = join(dir, 'identities.json');
const A = '111111111111';

const FULL = {
  unknown: { accountId: '999999999999' },
  accounts: [
    {
      accountId: A,
      alias: 'acme',
      root: { accessKeys: [{ accessKeyId: 'AKIAROOT' }] },
      users: [
        {
          userName: 'alice',
          userId: 'AIDAALICE',
          path: '/ops/',
          accessKeys: [{ accessKeyId: 'AKIAALICE', secretAccessKey: 's3cret' }],
        },
      ],
      roles: [
        {
          roleName: 'app',
          roleId: 'AROAAPP',
          sessions: [{ sessionName: 'web', accessKeys: [{ accessKeyId: 'ASIAAPP' }] }],
        },
        {
          roleName: 'AWSServiceRoleForX',
          path: '/aws-service-role/x.amazonaws.com/',
          sessions: [{ sessionName: 'X', accessKeys: [{ accessKeyId: 'ASIASLR', status: 'Inactive' }] }],
        },
      ],
      services: [{ service: 'autoscaling.amazonaws.com', accessKeys: [{ accessKeyId: 'AKIASVC' }] }],
      others: [{ principalId: 'AIDAFOREIGN', accessKeys: [{ accessKeyId: 'AKIAOTHER' }] }],
    },
  ],
};

async function open(content: object, clock = new FakeClock()) {
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  const lines: string[] = [];
  const directory = await openDirectory({
    state: memoryState(),
    clock,
    random: seededRandom('x'),
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
    sealingKey: Buffer.alloc(32),
    file: path,
    unknownAccountId: '000000000000',
  });
  return { directory, clock, lines };
}

test('each kind of entry is who it says', async () => {
  const { directory } = await open(FULL);
  const identity = (id: string) => directory.find(id)?.identity;
  const root = `arn:aws:iam::${A}:root`;
  expect(identity('AKIAROOT')).toEqual({
    ...{ type: 'Root', principalId: A, arn: root, accountId: A, accessKeyId: 'AKIAROOT', userName: 'acme' },
  });
  expect(identity('AKIAALICE')).toMatchObject({ principalId: 'AIDAALICE', arn: `arn:aws:iam::${A}:user/ops/alice` });
  expect(identity('ASIAAPP')).toEqual({
    type: 'AssumedRole',
    principalId: 'AROAAPP:web',
    arn: `arn:aws:sts::${A}:assumed-role/app/web`,
    accountId: A,
    accessKeyId: 'ASIAAPP',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAAPP',
        arn: `arn:aws:iam::${A}:role/app`,
        accountId: A,
        userName: 'app',
      },
    },
  });
  expect(identity('ASIASLR')).toMatchObject({ type: 'AssumedRole', invokedBy: 'x.amazonaws.com' });
  expect(directory.find('ASIASLR')?.active).toBe(false);
  expect(identity('AKIASVC')).toEqual({ type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' });
  expect(identity('AKIAOTHER')).toEqual({ type: 'AWSAccount', principalId: 'AIDAFOREIGN', accountId: A });
  expect(directory.unknownAccountId).toBe('999999999999');
});

test('the file goes before all that is learned, also of what it says no more than the name', async () => {
  const { directory } = await open({
    accounts: [{ ...FULL.accounts[0], users: [{ userName: 'alice', accessKeys: [{ accessKeyId: 'AKIAALICE' }] }] }],
  });
  await directory.learn(
    {
      fact: 'key',
      accessKeyId: 'AKIAALICE',
      key: { accountId: '222222222222', owner: { kind: 'root' }, source: 'issued', active: true },
    },
    { fact: 'key-gone', accessKeyId: 'AKIAALICE', accountId: A, owner: undefined },
    {
      fact: 'user',
      accountId: A,
      userName: 'alice',
      user: { userId: 'AIDALEARNED', arn: 'arn:aws:iam::111111111111:user/x/alice' },
    },
  );
  expect(directory.find('AKIAALICE')?.identity).toMatchObject({
    principalId: 'AIDALEARNED',
    arn: `arn:aws:iam::${A}:user/x/alice`,
  });
});

describe('what is wrong is named, and no secret quoted', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['no object', [], /the file: /],
    ['unknown member', { account: [] }, /account/],
    ['bad account id', { accounts: [{ accountId: '12' }] }, /accounts\[0\]\.accountId: an account id has 12 digits/],
    [
      'no key id',
      { accounts: [{ accountId: A, users: [{ userName: 'a', accessKeys: [{ secretAccessKey: 's3cret' }] }] }] },
      /accounts\[0\]\.users\[0\]\.accessKeys\[0\]\.accessKeyId/,
    ],
    [
      'bad service',
      { accounts: [{ accountId: A, services: [{ service: 'me' }] }] },
      /services\[0\]\.service: a service is named like/,
    ],
    [
      'twice',
      {
        accounts: [
          ...FULL.accounts,
          { accountId: '222222222222', root: { accessKeys: [{ accessKeyId: 'AKIAALICE' }] } },
        ],
      },
      /accounts\[1\]\.root\.accessKeys\[0\]: AKIAALICE is named a second time/,
    ],
  ];
  for (const [name, content, message] of wrong) {
    test(name, () => {
      expect(() => parseDirectory(JSON.stringify(content), 'f.json')).toThrow(message);
      expect(() => parseDirectory(JSON.stringify(content), 'f.json')).not.toThrow(/s3cret/);
    });
  }
  test('no JSON', () => {
    expect(() => parseDirectory('{"accounts": s3cret', 'f.json')).toThrow(/it is not JSON/);
    expect(() => parseDirectory('{"accounts": s3cret', 'f.json')).not.toThrow(/s3cret/);
  });
});

test('a new version is read when it is there; a broken one leaves the old one and is told once', async () => {
  const { directory, clock, lines } = await open(FULL);
  const replace = (text: string, seconds: number) => {
    writeFileSync(path, text);
    utimesSync(path, seconds, seconds);
  };
  replace('{ broken', 1_000);
  await clock.advance(10_000);
  expect(directory.find('AKIAALICE')).toBeDefined();
  expect(lines.filter((line) => line.includes('is no good'))).toHaveLength(1);
  replace(JSON.stringify({ accounts: [] }), 2_000);
  await clock.advance(2_000);
  expect(directory.find('AKIAALICE')).toBeUndefined();
  rmSync(path);
  await clock.advance(10_000);
  expect(lines.filter((line) => line.includes('is no good'))).toHaveLength(2);
  replace(JSON.stringify(FULL), 2_000);
  directory.reload();
  expect(directory.find('AKIAALICE')).toBeDefined();
  await directory.close();
});

test('secrets in a file that others may read are warned of', async () => {
  rmSync(path, { force: true });
  const { lines } = await open(FULL);
  expect(lines.join('')).not.toMatch(/others may read it/);
  chmodSync(path, 0o644);
  const { lines: warned } = await open(FULL);
  expect(warned.join('')).toMatch(/others may read it/);
});
