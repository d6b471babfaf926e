import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { loadSchema } from '../../schema/load.ts';
import type { HttpRequest } from '../request.ts';
import { decodeInput, encodeError, encodeOutput } from './index.ts';

/** OpenTrail's own API has no SDK: its messages are held here byte for byte. */

const schema = loadSchema('opentrail');
const target = (operation: string) => ({ schema, protocol: 'restJson1', operation, labels: {} }) as const;
const request = (query: [string, string][]): HttpRequest => ({
  method: 'POST',
  rawPath: '/opentrail/v1/records',
  rawQuery: '',
  query,
  headers: {},
  host: 'h',
  sourceIp: '',
});

it('takes records as they are, with their parameters beside them', () => {
  const query: [string, string][] = [
    ['account', '123456789012'],
    ['deduplicate', 'true'],
  ];
  const body = Buffer.from('{"eventVersion":"1.08"}\n\xff', 'latin1');
  const input = decodeInput(target('PutRecords'), request(query), body);
  expect(input).toEqual({ AccountId: '123456789012', Deduplicate: true, Records: body });
  expect(input.Records).toBe(body);
  const wrong = () => decodeInput(target('PutRecords'), request([['deduplicate', 'maybe']]), body);
  expect(wrong).toThrow('"maybe" is not a valid Boolean (at deduplicate)');
});

it('answers with JSON, leaving out what is undefined and what the schema does not have', () => {
  const output = {
    Results: [{ Status: 'ACCEPTED', Sequence: 7, ErrorCode: undefined, secret: 'x' }],
    AcceptedCount: 1,
  };
  const { status, headers, body } = encodeOutput(target('PutRecords'), output, 'r');
  expect(status).toBe(200);
  expect(headers).toEqual({ 'x-amzn-requestid': 'r', 'content-type': 'application/json' });
  expect(body.toString()).toBe('{"Results":[{"Status":"ACCEPTED","Sequence":7}],"AcceptedCount":1}');
});

it('passes a stream through', async () => {
  const records = Readable.from([Buffer.from('{}\n')]);
  const { headers, body } = encodeOutput(target('TailRecords'), { Records: records }, 'r');
  expect(headers['content-type']).toBe('application/x-ndjson');
  expect(body).toBe(records);
  expect((await buffer(records)).toString()).toBe('{}\n');
});

it('refuses to send what does not fit the schema', () => {
  expect(() => encodeOutput(target('PutRecords'), { AcceptedCount: '1' }, 'r')).toThrow('assertion failed');
});

it('has errors with a name in the header', () => {
  const error = new AwsError('ValidationException', 'no', { members: { Reason: 'x' } });
  const answer = encodeError({ schema, protocol: 'restJson1' }, error, 'r', { hostId: '', resource: '/' });
  expect(answer.headers).toMatchObject({ 'x-amzn-errortype': 'ValidationException', 'x-amzn-requestid': 'r' });
  expect(answer.body.toString()).toBe('{"message":"no","Reason":"x"}');
});
