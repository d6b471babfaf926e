import { expect, test } from 'vitest';
import { loadSchema } from '../../schema/load.ts';
import { contextOf } from '../cloudtrail/testing/harness.ts';
import { stsService } from './index.ts';

const service = stsService({ schema: loadSchema('sts') });

test('GetCallerIdentity says who signed', async () => {
  expect(await service.operations.GetCallerIdentity!(contextOf('GetCallerIdentity'), {})).toEqual({
    UserId: 'AIDAEXAMPLE',
    Account: '123456789012',
    Arn: 'arn:aws:iam::123456789012:user/alice',
  });
});

test('the rest is refused by name', () => {
  expect(service.notImplemented!('AssumeRole')).toMatchObject({
    code: 'InvalidAction',
    message: expect.stringMatching(/^The action AssumeRole is not valid for this endpoint\./),
  });
});
