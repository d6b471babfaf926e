import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { openState } from '../../ports/state/journal.ts';
import { createSealer } from '../sealed-secrets.ts';
import { upgradeIdentities } from './upgrade.ts';

const dir = mkdtempSync(join(tmpdir(), 'opentrail-upgrade-'));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('leaves no secret of an earlier build on the disk', async () => {
  const secretAccessKey = 'OldSecretOldSecretOldSecretOldSecret1234';
  const state = await openState({ dir, logger: silentLogger });
  const key = { accountId: '123456789012', secretAccessKey, active: true, createdMs: 1 };
  await state.write([
    { put: 'account/123456789012', value: { createdMs: 1 } },
    { put: 'access-key/AKIAEXAMPLE', value: key },
  ]);
  const onDisk = () => readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'));
  expect(onDisk().join()).toContain(secretAccessKey);
  const sealer = createSealer(Buffer.alloc(32, 1), seededRandom('upgrade'));
  await Promise.all([upgradeIdentities({ state, sealer }), state.write([{ put: 'beside', value: 1 }])]);
  expect(onDisk().join()).not.toContain(secretAccessKey);
  await state.close();
  const again = await openState({ dir, logger: silentLogger });
  expect((await again.get<object>('access-key/AKIAEXAMPLE'))!.value).not.toHaveProperty('secretAccessKey');
  expect((await again.get('beside'))!.value).toBe(1);
  await again.close();
});
