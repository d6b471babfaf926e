import { describe, expect, test } from 'vitest';
import { denialOf } from '../../access/authorizer.ts';
import { AwsError } from '../../base/errors.ts';
import { loadCatalogue } from '../../schema/catalogue.ts';
import type { Protocol } from '../../schema/types.ts';
import { encodeError } from './index.ts';

/** Services that spoke the query protocol alone, and now others too. */
describe('errors of services with several protocols', () => {
  const sqs = loadCatalogue().schema('sqs')!;
  const cloudwatch = loadCatalogue().schema('cloudwatch')!;
  const place = { hostId: '', resource: '/' };
  const gone = new AwsError('QueueDoesNotExist', 'no such queue');
  const encode = (schema: typeof sqs, protocol: Protocol, error: AwsError) =>
    encodeError({ schema, protocol }, error, 'id', place);

  test('have their own name and tell the old one', () => {
    const { headers, body } = encode(sqs, 'awsJson1_0', gone);
    expect(headers['x-amzn-query-error']).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(JSON.parse(String(body))).toMatchObject({ __type: 'QueueDoesNotExist', message: 'no such queue' });
    const failed = encode(sqs, 'awsJson1_0', new AwsError('InternalFailure', 'x', { status: 500 }));
    expect(failed.headers['x-amzn-query-error']).toBe('InternalFailure;Receiver');
    const cbor = encode(cloudwatch, 'rpcv2Cbor', new AwsError('ResourceNotFoundException', 'x'));
    expect(cbor.headers['x-amzn-query-error']).toMatch(/;Sender$/);
  });

  test('have the old name in the old protocol', () => {
    const { headers, body } = encode(sqs, 'awsQuery', gone);
    expect(headers['x-amzn-query-error']).toBeUndefined();
    expect(String(body)).toContain('<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });

  test('refuse by the old name', () => {
    expect(denialOf(sqs)).toEqual({ code: 'AccessDenied', status: 403 });
    expect(denialOf(loadCatalogue().schema('kms')!).code).toBe('AccessDeniedException');
  });
});
