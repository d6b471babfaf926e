import { expect, test } from 'vitest';
import { createHarness } from './testing/harness.ts';

test('ListPublicKeys answers keys in AWS’s form', async () => {
  const h = createHarness();
  h.keys = [{ fingerprint: 'ab12', valueDer: Buffer.from('key'), validityStartMs: 1000, validityEndMs: 2000 }];
  expect(await h.call('ListPublicKeys')).toEqual({
    PublicKeyList: [
      {
        Value: Buffer.from('key'),
        ValidityStartTime: new Date(1000),
        ValidityEndTime: new Date(2000),
        Fingerprint: 'ab12',
      },
    ],
  });
});

test.each([
  [{ StartTime: new Date(2), EndTime: new Date(1) }, 'InvalidTimeRangeException'],
  [{ EndTime: new Date(1) }, 'InvalidTimeRangeException'],
  [{ StartTime: new Date(Number.NaN) }, 'InvalidTimeRangeException'],
  [{ NextToken: 'x' }, 'InvalidTokenException'],
])('ListPublicKeys refuses %j', async (input, code) => {
  expect((await createHarness().refusal('ListPublicKeys', input))[0]).toBe(code);
});

test('what is not there yet says so', async () => {
  const [code, message] = await createHarness().refusal('StartQuery');
  expect(code).toBe('UnsupportedOperationException');
  expect(message).toMatch(/StartQuery/);
});
