import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compileSigmaRule, PatternError, sigmaRecord } from '../packages/server/src/event/sigma/index.ts';
import type { Attacker, AttackOptions } from './gateway/attacker.ts';
import { ROOT } from './gateway/attacker.ts';
import { ATTACKS } from './gateway/attacks.ts';
import { type CloudTrailRecord, IDENTITIES, recordsOf } from './gateway/harness.ts';
import { Boto } from './support/boto.ts';
import { testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { startMoto, stopMotos } from './support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';
import { detects, type SigmaRule } from './support/sigma.ts';

afterAll(async () => {
  await cleanUp();
  stopMotos();
  stopGateways();
});

/** Sigma's rules over CloudTrail, where the machine has them. */
const RULES = new URL('../../shared/data/sigma/rules', import.meta.url).pathname;
const readRules = (): readonly (SigmaRule & { readonly text: string })[] =>
  readdirSync(RULES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .map((name) => readFileSync(join(RULES, name), 'utf8'))
    .map((text) => ({ ...(parse(text) as SigmaRule), text }));

/** Whom the rules' own users would know. */
const PLACEHOLDERS = { Legitimate_Countries: ['NL'], Legitimate_IP_Ranges: ['192.0.2.1'] };

const ALICE = ['AKIAALICE00000000000', 'secret'] as const;

/** Of one rule: which records its attack made, and which its near misses. */
interface Fought {
  readonly attack: CloudTrailRecord[];
  readonly misses: CloudTrailRecord[];
}

/** A gateway onto one upstream, and boto3 in front of it. */
class Front {
  readonly boto: Boto;
  /** For each record to come: where it goes. */
  readonly #waiting: CloudTrailRecord[][] = [];
  readonly server: RunningOpenTrail;

  constructor(server: RunningOpenTrail) {
    this.server = server;
    this.boto = new Boto(server.gateway!);
  }

  async call(into: CloudTrailRecord[], service: string, operation: string, params: object, options: AttackOptions) {
    const { fails = false, ...as } = options;
    const { response, error } = await this.boto.make({ service, operation, params, ...as });
    if ((error !== undefined) !== fails) throw new Error(`${service} ${operation}: ${error?.code} ${error?.message}`);
    this.#waiting.push(into);
    return response;
  }

  expectRecord(into: CloudTrailRecord[]): void {
    this.#waiting.push(into);
  }

  async end(): Promise<void> {
    this.boto.end();
    const records = await recordsOf(this.server, this.#waiting.length);
    expect(records).toHaveLength(this.#waiting.length);
    for (const [i, record] of records.entries()) this.#waiting[i]!.push(record);
    await this.server.stop();
  }
}

describe('attacks through the gateway', () => {
  if (!existsSync(RULES)) {
    process.stderr.write(`LEFT OUT, because ${RULES} is not on this machine: the rules of Sigma\n`);
    test.skip('are found by the rules of Sigma (left out: no rules)');
    return;
  }
  testWith(
    ['moto', 'boto3'],
    'are found by the rules of Sigma that are about them, and near misses are not',
    async () => {
      const rules = readRules();
      expect(Object.keys(ATTACKS).sort()).toEqual(rules.map(({ id }) => id).sort());

      const identities = join(newFolder('identities'), 'identities.json');
      const [account] = IDENTITIES.accounts;
      const root = { accessKeys: [{ accessKeyId: ROOT[0], secretAccessKey: ROOT[1] }] };
      writeFileSync(identities, JSON.stringify({ accounts: [{ ...account, root }] }), { mode: 0o600 });
      const start = async (upstream: string) =>
        new Front(await startOpenTrail({ flags: { upstream: `*=${upstream}`, 'gateway-port': 0, identities } }));
      const onto = {
        moto: await start((await startMoto()).endpoint),
        yes: await start((await startYesSayer()).endpoint),
      };

      const fought = new Map<string, Fought>();
      for (const { id } of rules) fought.set(id, await fight(id, onto));
      await onto.moto.end();
      await onto.yes.end();

      const wrong = rules.flatMap((rule) => {
        const { attack, misses } = fought.get(rule.id)!;
        const wanted = ATTACKS[rule.id]!.never === undefined;
        const is = { attack: detects(rule, attack, PLACEHOLDERS), misses: detects(rule, misses, PLACEHOLDERS) };
        const ours = { attack: fires(rule.text, attack), misses: fires(rule.text, misses) };
        const agree = ours.attack === undefined || (ours.attack === is.attack && ours.misses === is.misses);
        if (is.attack === wanted && !is.misses && agree) return [];
        return [
          `${rule.id} ${rule.title}: ${JSON.stringify({ is, ours })}\n${attack.map((r) => JSON.stringify(r)).join('\n')}`,
        ];
      });
      expect(wrong.join('\n\n')).toBe('');
    },
    300_000,
  );
});

/** What `opentrail rules` makes of it; undefined for rules over several events, which it refuses. */
function fires(text: string, records: readonly CloudTrailRecord[]): boolean | undefined {
  try {
    const { matches } = compileSigmaRule(text, PLACEHOLDERS);
    return records.some((record) => matches(sigmaRecord(record)));
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

async function fight(id: string, onto: { readonly moto: Front; readonly yes: Front }): Promise<Fought> {
  const fought: Fought = { attack: [], misses: [] };
  let into = fought.attack;
  const attacker: Attacker = {
    moto: (service, operation, params = {}, options = {}) => onto.moto.call(into, service, operation, params, options),
    yes: (service, operation, params = {}, options = {}) => onto.yes.call(into, service, operation, params, options),
    async post(service, headers, body) {
      const [accessKeyId, secretAccessKey] = ALICE;
      const signer = { endpoint: onto.yes.server.gateway!, accessKeyId, secretAccessKey };
      const answer = await signedFetch(signer, 'POST', '/', body, { service, headers });
      expect(answer.status).toBe(200);
      onto.yes.expectRecord(into);
    },
    async report(report) {
      const body = JSON.stringify({ Events: [report] });
      const headers = { 'content-type': 'application/json' };
      const answer = await signedFetch(onto.moto.server, 'POST', '/opentrail/v1/reports', body, { headers });
      expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
      onto.moto.expectRecord(into);
    },
    nearMisses() {
      into = fought.misses;
    },
  };
  await ATTACKS[id]!.run(attacker).catch((error) => {
    throw new Error(`${id}: ${(error as Error).message}`);
  });
  return fought;
}

/** An upstream that does whatever it is asked, and answers as the protocol wants it; but it has no `i-nobody`. */
function startYesSayer() {
  const id = '0a1b2c3d-0000-4000-8000-000000000000';
  return startUpstream(({ headers, body }) => {
    const action = /(?:^|&)Action=(\w+)/.exec(body)?.[1];
    if (action === undefined) {
      const isS3 = /\/s3\/aws4_request/.test(String(headers.authorization));
      if (isS3) return { status: 200, headers: { 'x-amz-request-id': '0A1B2C3D4E5F6G7H' }, body: '' };
      return { status: 200, headers: { 'x-amzn-requestid': id, 'content-type': 'application/json' }, body: '{}' };
    }
    if (body.includes('i-nobody')) return { status: 400, headers: { 'x-amzn-requestid': id }, body: NO_SUCH_INSTANCE };
    const inner = `<${action}Result>${RESULTS[action] ?? ''}</${action}Result>`;
    const answer = `<${action}Response><requestId>${id}</requestId><return>true</return>${inner}</${action}Response>`;
    return { status: 200, headers: { 'x-amzn-requestid': id, 'content-type': 'text/xml' }, body: answer };
  });
}

const NO_SUCH_INSTANCE =
  '<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no</Message></Error></Errors></Response>';

/** What of an answer a rule looks at. */
const RESULTS: Readonly<Record<string, string>> = {
  ModifyDBInstance:
    '<DBInstance><PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues></DBInstance>',
};
