import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadSchema } from '../../schema/load.ts';
import { cloudTrailDataService } from '../cloudtrail-data/index.ts';
import type { CloudTrailDeps } from './deps.ts';
import { cloudTrailService } from './index.ts';
import { LIMITS, renderParity, rowsOf } from './parity.ts';

const PAGE = new URL('../../../../../docs/parity.md', import.meta.url);
const cloudtrail = cloudTrailService({ schema: loadSchema('cloudtrail') } as CloudTrailDeps);
const data = cloudTrailDataService({ schema: loadSchema('cloudtrail-data') });

test('docs/parity.md is what `node scripts/build-parity.mjs` makes', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(renderParity());
});

test('covers all 61 operations', () => {
  expect(rowsOf(cloudtrail)).toHaveLength(60);
  expect(rowsOf(data)).toHaveLength(1);
});

test('every handler is of an operation that AWS has', () => {
  for (const service of [cloudtrail, data]) {
    expect(Object.keys(service.schema.operations)).toEqual(expect.arrayContaining(Object.keys(service.operations)));
  }
});

test('every limit is of an operation that has a handler', () => {
  const handled = [...Object.keys(cloudtrail.operations), ...Object.keys(data.operations)];
  expect(handled).toEqual(expect.arrayContaining(Object.keys(LIMITS)));
});

test('every error that an operation is refused with is one of its own', () => {
  for (const { operation, state } of rowsOf(cloudtrail)) {
    if (state === 'not yet') {
      expect(cloudtrail.schema.operations[operation]!.errors).toContain('UnsupportedOperationException');
    }
  }
});
