import { createHash, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryState } from '../ports/state/memory.ts';
import { publicKeyFromDer } from './digest.ts';
import { createSigningKeys } from './signing-keys.ts';

const DAY = 86_400_000;
const setup = (regions: string[] = []) => {
  const clock = new FakeClock();
  const state = memoryState();
  return { clock, state, keys: createSigningKeys({ state, clock, logger: silentLogger, regions }) };
};

describe('signing keys', () => {
  it('are PKCS#1, named by their MD5, and sign', async () => {
    const { keys } = setup();
    const key = await keys.current('us-east-1');
    expect(key.fingerprint).toBe(createHash('md5').update(key.value).digest('hex'));
    const text = Buffer.from('x');
    expect(verify('sha256', text, publicKeyFromDer(key.value)!, sign('sha256', text, key.privateKey))).toBe(true);
    expect(key.validityEndMs - key.validityStartMs).toBe(30 * DAY);
  });

  it('are made once per Region, even when asked for at once, and survive a restart', async () => {
    const { keys, state, clock } = setup();
    const [a, b, other] = await Promise.all([keys.current('r1'), keys.current('r1'), keys.current('r2')]);
    expect(a.fingerprint).toBe(b.fingerprint);
    expect(other.fingerprint).not.toBe(a.fingerprint);
    const again = createSigningKeys({ state, clock, logger: silentLogger });
    expect((await again.current('r1')).fingerprint).toBe(a.fingerprint);
  });

  it('rotate after 30 days, and none is forgotten', async () => {
    const { keys, clock } = setup();
    const start = clock.now();
    const first = await keys.current('r');
    clock.jump(30 * DAY - 1);
    expect((await keys.current('r')).fingerprint).toBe(first.fingerprint);
    clock.jump(1);
    const second = await keys.current('r');
    expect(second.fingerprint).not.toBe(first.fingerprint);
    const listed = async (from: number, to: number) => (await keys.list('r', from, to)).map((k) => k.fingerprint);
    expect(await listed(start, start + DAY)).toEqual([first.fingerprint]);
    expect(await listed(start, clock.now())).toEqual([first.fingerprint, second.fingerprint]);
    expect(await listed(start + 31 * DAY, start + 31 * DAY)).toEqual([second.fingerprint]);
    expect(await listed(start - DAY, start - 1)).toEqual([]);
    clock.jump(-20 * DAY);
    expect((await keys.current('r')).fingerprint).toBe(first.fingerprint);
    expect((await keys.current('r', start + 40 * DAY)).fingerprint).toBe(second.fingerprint);
  });

  it('make a key of their own when the clock goes back before all windows', async () => {
    const { keys, clock } = setup();
    const first = await keys.current('r');
    clock.jump(-100 * DAY);
    const early = await keys.current('r');
    expect(early.fingerprint).not.toBe(first.fingerprint);
    expect(await keys.list('r', clock.now(), clock.now())).toMatchObject([{ fingerprint: early.fingerprint }]);
  });

  it('exist for an enabled Region as soon as someone lists them', async () => {
    const { keys, clock } = setup(['r']);
    expect(await keys.list('r', 0, clock.now() - 1)).toEqual([]);
    expect(await keys.list('elsewhere', 0, clock.now())).toEqual([]);
    const [key] = await keys.list('r', 0, clock.now());
    expect(key).not.toHaveProperty('privateKey');
  });
});
