import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { OperatorError } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { memoryState } from '../../ports/state/memory.ts';
import { type ExternalMaster, openExternalMaster } from './external-master.ts';
import { openMasterKey } from './master-key.ts';
import { harness } from './testing/harness.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'opentrail-master-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const KEY = Buffer.alloc(32, 5).toString('base64');
const file = () => join(dir, 'kms-master-key');
const wrapped = () => join(dir, 'kms-master-key.wrapped');
const random = seededRandom('master');

/** Another KMS, as far as it matters: it takes its own ciphertexts back. */
async function otherKms(seed?: string): Promise<ExternalMaster & { readonly asked: string[] }> {
  const kms = harness(seed);
  const asked: string[] = [];
  await kms.call('CreateAlias', { AliasName: 'alias/master', TargetKeyId: await kms.newKey() });
  const answer = async (url: string | URL | Request, init?: RequestInit) => {
    const { 'x-amz-target': target = '', authorization = '' } = (init?.headers ?? {}) as Record<string, string>;
    const operation = target.split('.')[1]!;
    asked.push(operation);
    expect([String(url), authorization]).toEqual(['http://kms.test/', expect.stringContaining('/eu-west-1/kms/')]);
    const input = JSON.parse(String(init?.body));
    for (const name of ['Plaintext', 'CiphertextBlob'])
      if (input[name]) input[name] = Buffer.from(input[name], 'base64');
    try {
      const output = await kms.call(operation, input);
      return Response.json(
        Object.fromEntries(Object.entries(output).map(([k, v]) => [k, Buffer.isBuffer(v) ? v.toString('base64') : v])),
      );
    } catch (error) {
      return Response.json({ __type: (error as { code: string }).code, message: 'refused' }, { status: 400 });
    }
  };
  const external = openExternalMaster({
    key: 'http://kms.test/alias%2Fmaster?region=eu-west-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    clock: new FakeClock(),
    fetch: answer as typeof fetch,
  });
  return { ...external, asked };
}

describe('the master key', () => {
  test('is made once, for its owner alone', async () => {
    const state = memoryState();
    const first = await openMasterKey({ dir, state, random });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect((await openMasterKey({ dir, state, random })).equals(first)).toBe(true);
    chmodSync(file(), 0o644);
    await expect(openMasterKey({ dir, state, random })).rejects.toThrow(OperatorError);
  });

  test('must be the one that sealed what is there, and is not made anew', async () => {
    const state = memoryState();
    await openMasterKey({ dir, state, random });
    await expect(openMasterKey({ dir, state, random, fromEnvironment: KEY })).rejects.toThrow(
      /not the one that sealed/,
    );
    rmSync(file());
    await expect(openMasterKey({ dir, state, random })).rejects.toThrow(/is missing/);
    expect(existsSync(file())).toBe(false);
  });

  test('may come from the environment, and then leaves no file', async () => {
    const state = memoryState();
    const key = await openMasterKey({ dir, state, random, fromEnvironment: KEY });
    expect(key.toString('base64')).toBe(KEY);
    expect(existsSync(file())).toBe(false);
    await expect(openMasterKey({ dir, state, random, fromEnvironment: 'short' })).rejects.toThrow(OperatorError);
  });

  test('may be kept by another KMS: here it is only ciphertext', async () => {
    const state = memoryState();
    const external = await otherKms();
    const key = await openMasterKey({ dir, state, random, external });
    expect((await openMasterKey({ dir, state, random, external })).equals(key)).toBe(true);
    expect(external.asked).toEqual(['GenerateDataKey', 'Decrypt']);
    expect(existsSync(file())).toBe(false);
    expect(readFileSync(wrapped()).includes(key.toString('base64'))).toBe(false);
    await expect(openMasterKey({ dir, state, random })).rejects.toThrow(/--kms-master/);
    rmSync(wrapped());
    await expect(openMasterKey({ dir, state, random, external })).rejects.toThrow(/is missing/);
  });

  test('moves into another KMS, and its file goes', async () => {
    const state = memoryState();
    const key = await openMasterKey({ dir, state, random });
    const external = await otherKms();
    expect((await openMasterKey({ dir, state, random, external })).equals(key)).toBe(true);
    expect(existsSync(file())).toBe(false);
    expect((await openMasterKey({ dir, state, random, external })).equals(key)).toBe(true);
    expect(external.asked).toEqual(['Encrypt', 'Decrypt']);
  });

  test('that cannot be had is told with the reason', async () => {
    const state = memoryState();
    const external = await otherKms();
    await openMasterKey({ dir, state, random, external });
    const stranger = await otherKms('stranger');
    await expect(openMasterKey({ dir, state, random, external: stranger })).rejects.toThrow(
      /AccessDeniedException: refused/,
    );
    const options = { credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' }, clock: new FakeClock() };
    expect(() => openExternalMaster({ ...options, key: 'alias/mine' })).toThrow(/--kms-master/);
    const dead = openExternalMaster({
      ...options,
      key: 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555',
      fetch: async () => {
        throw new TypeError('fetch failed', { cause: new Error('ENOTFOUND') });
      },
    });
    await expect(dead.generate()).rejects.toThrow(/https:\/\/kms.eu-west-1.amazonaws.com .*ENOTFOUND/);
  });
});
