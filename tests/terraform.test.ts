import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ClientName, has, testWith } from './support/clients.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';
import { type Outputs, startTerraform, type Terraform } from './support/terraform.ts';
import { encryption } from './terraform/encryption.ts';
import { eventbridge } from './terraform/eventbridge.ts';
import { iam } from './terraform/iam.ts';
import { kms } from './terraform/kms.ts';
import { logs } from './terraform/logs.ts';
import { organization } from './terraform/organization.ts';
import type { Part, World } from './terraform/part.ts';
import { sns } from './terraform/sns.ts';
import { trail } from './terraform/trail.ts';

/** An organization leaves roles behind in its account, so it has an OpenTrail of its own. */
const ACCOUNTS: Readonly<Record<string, readonly Part[]>> = {
  plain: [trail, kms, encryption, iam, logs, eventbridge, sns],
  management: [organization],
};
const NEEDED: readonly ClientName[] = ['terraform', 'aws'];
/** The provider waits long for what AWS makes slowly. */
const TIMEOUT_MS = 300_000;

interface Account {
  readonly parts: readonly Part[];
  readonly world: World;
  readonly terraform: Terraform;
  /** Of each part, at the last step. */
  outputs: Readonly<Record<string, Outputs>>;
}
let accounts: readonly Account[] = [];
const hook = createServer((req, res) => req.resume().once('end', () => res.end()));

async function startAccount(parts: readonly Part[]): Promise<Account> {
  const server = await startOpenTrail();
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  return { parts, world: { server, hook: url }, terraform: await startTerraform(server), outputs: {} };
}

beforeAll(async () => {
  if (!NEEDED.every(has)) return;
  await new Promise<void>((fulfil) => hook.listen(0, '127.0.0.1', fulfil));
  accounts = await Promise.all(Object.values(ACCOUNTS).map(startAccount));
});
afterAll(async () => {
  for (const { terraform } of accounts) terraform.end();
  hook.close();
  await cleanUp();
});

/** In all accounts at once: most of the time the provider waits. */
const inEach = (step: (account: Account) => Promise<void>) => async () => {
  await Promise.all(accounts.map(step));
};
const apply = (changed: boolean) =>
  inEach(async (account) => {
    const { parts, world, terraform } = account;
    const modules = parts.map((part) => [part.name, part.configuration(changed, world)] as const);
    account.outputs = await terraform.apply(Object.fromEntries(modules));
  });

/** A test for each part that has something to look at after a step. */
function testParts(step: 'applied' | 'changed' | 'destroyed'): void {
  for (const [i, parts] of Object.values(ACCOUNTS).entries()) {
    for (const part of parts.filter((each) => each[step])) {
      testWith(NEEDED, `${part.name}: ${step}`, async () => {
        const { world, outputs } = accounts[i]!;
        await part[step]!(world, outputs[part.name] ?? {});
      });
    }
  }
}

// The tests build on one another: each step is done once for all parts, and then each part is looked at by itself.
testWith(NEEDED, 'Terraform applies all parts, and plans no changes', apply(false), TIMEOUT_MS);
testParts('applied');
testWith(NEEDED, 'Terraform changes all parts, and plans no changes', apply(true), TIMEOUT_MS);
testParts('changed');
testWith(
  NEEDED,
  'Terraform destroys all parts',
  inEach(({ terraform }) => terraform.destroy()),
  TIMEOUT_MS,
);
testParts('destroyed');
testWith(NEEDED, 'the servers end well', async () => {
  for (const { world } of accounts) expect(await world.server.stop()).toBe(0);
});
