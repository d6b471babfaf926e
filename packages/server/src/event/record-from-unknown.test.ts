import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventFromRecord } from './record-from-call.ts';
import { recordFromUnknown, type UnknownCall } from './record-from-unknown.ts';

const json = (value: unknown) => ({ bytes: Buffer.from(JSON.stringify(value) ?? ''), whole: true });
const NO_BODY = { bytes: Buffer.alloc(0), whole: true };

function unknown(changes: Partial<UnknownCall> = {}): UnknownCall {
  return {
    signingName: 'newservice',
    path: '/things/7',
    timeMs: Date.UTC(2026, 0, 2),
    region: 'eu-west-1',
    userIdentity: { type: 'IAMUser', accountId: '111111111111' },
    accountId: '111111111111',
    sourceIp: '192.0.2.1',
    userAgent: 'ua',
    requestId: 'R',
    operation: undefined,
    requestBody: NO_BODY,
    eventId: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
    http: {
      ...{ host: 'h', method: 'PUT', headers: {}, responseHeaders: {}, bytesIn: 0, bytesOut: 0 },
      query: [
        ['mode', 'fast'],
        ['X-Amz-Signature', 'SECRET'],
      ],
      authentication: 'AuthHeader',
    },
    notes: {},
    ...changes,
  };
}

const NAME = fc.oneof(fc.string(), fc.constantFrom('valueOf', 'constructor', '__proto__'));

describe('recordFromUnknown', () => {
  it('writes what the wire said, without what looks like a secret', () => {
    const pem = '-----BEGIN RSA PRIVATE KEY-----SECRET';
    const body = {
      Name: 'n',
      NextToken: 't',
      Password: 'SECRET',
      Deep: [{ sessionToken: 'SECRET', Key: pem, Size: 1 }],
      On: true,
    };
    const record = recordFromUnknown(unknown({ requestBody: json(body) }));
    expect(record).toMatchObject({
      eventSource: 'newservice.amazonaws.com',
      eventName: 'PUT /things/7',
      readOnly: false,
      requestParameters: { mode: 'fast', Name: 'n', NextToken: 't', Deep: [{ Size: 1 }], On: true },
      responseElements: null,
      managementEvent: true,
    });
    expect(JSON.stringify(record)).not.toContain('SECRET');
  });

  it('goes by the operation where the request names one, and by the method otherwise', () => {
    expect(recordFromUnknown(unknown({ operation: 'GetThing' }))).toMatchObject({
      eventName: 'GetThing',
      readOnly: true,
    });
    expect(recordFromUnknown(unknown({ operation: 'MakeThing', requestBody: json('text') }))).toMatchObject({
      readOnly: false,
      requestParameters: { mode: 'fast', body: 'text' },
    });
    const get = unknown();
    expect(recordFromUnknown({ ...get, http: { ...get.http, method: 'GET', query: [] } })).toMatchObject({
      readOnly: true,
      requestParameters: null,
    });
    expect(recordFromUnknown(unknown({ signingName: '../a b' })).eventSource).toBe('---a-b.amazonaws.com');
  });

  it('makes an event of anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        NAME,
        fc.string(),
        fc.option(NAME, { nil: undefined }),
        (body, signingName, path, op) => {
          const call = unknown({
            requestBody: { bytes: Buffer.from(body), whole: true },
            signingName,
            path,
            ...(op !== undefined && { operation: op }),
          });
          const event = eventFromRecord(recordFromUnknown(call));
          expect(JSON.parse(event.json.toString()).eventID).toBeTypeOf('string');
        },
      ),
    );
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, 'x'.repeat(10)]));
    expect(
      Object.keys(recordFromUnknown(unknown({ requestBody: json(wide) })).requestParameters ?? {}).length,
    ).toBeLessThan(2_001);
  });
});
