import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { OperatorError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { createSealer, openSealingKey } from './sealed-secrets.ts';

const dir = mkdtempSync(join(tmpdir(), 'opentrail-seal-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const random = seededRandom('seal');

test('what is sealed opens again, in its own place, with its own key, unchanged', () => {
  const sealer = createSealer(random.bytes(32), random);
  const other = createSealer(random.bytes(32), random);
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), fc.nat(), (value, place, at) => {
      const sealed = sealer.seal(place, value);
      expect(sealer.open(place, sealed)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(sealer.open(`${place}x`, sealed)).toBeUndefined();
      expect(other.open(place, sealed)).toBeUndefined();
      const bytes = Buffer.from(sealed.split('.')[1]!, 'base64');
      bytes[at % bytes.length]! ^= 1;
      expect(sealer.open(place, `${sealed.split('.')[0]}.${bytes.toString('base64')}`)).toBeUndefined();
      expect(sealer.open(place, sealed.slice(0, at % (sealed.length - 4)))).toBeUndefined();
    }),
  );
});

test('the key is made once, for its owner alone', () => {
  const path = join(dir, 'made.key');
  const key = openSealingKey({ path, random });
  expect(key).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(openSealingKey({ path, random })).toEqual(key);
  const fromEnvironment = Buffer.alloc(32, 7).toString('base64');
  expect(openSealingKey({ path, fromEnvironment, random })).toEqual(Buffer.alloc(32, 7));
  expect(readFileSync(path, 'utf8').trim()).toBe(key.toString('base64'));
});

test('a key that others may read, or that is none, is refused without being quoted', () => {
  const path = join(dir, 'bad.key');
  writeFileSync(path, Buffer.alloc(32, 1).toString('base64'), { mode: 0o600 });
  chmodSync(path, 0o640);
  expect(() => openSealingKey({ path, random })).toThrow(/chmod 600/);
  chmodSync(path, 0o600);
  writeFileSync(path, 'secret but short');
  expect(() => openSealingKey({ path, random })).toThrow(OperatorError);
  expect(() => openSealingKey({ path, random })).toThrow(/32 bytes in base64/);
  expect(() => openSealingKey({ path, random })).not.toThrow(/secret but short/);
});
