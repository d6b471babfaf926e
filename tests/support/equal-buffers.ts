import { expect } from 'vitest';

/**
 * Buffers are compared as what they are: otherwise `toEqual` looks at each byte as at a property of any object, which was
 * most of what tests of logs and caches did. Set once a process, which runs many files.
 */
const SET = Symbol.for('opentrail.equal-buffers');
if (!Object.hasOwn(globalThis, SET)) {
  Object.defineProperty(globalThis, SET, { value: true });
  expect.addEqualityTesters([(a, b) => (Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : undefined)]);
}
