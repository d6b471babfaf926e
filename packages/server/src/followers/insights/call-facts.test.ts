import { describe, expect, test } from 'vitest';
import { callFacts, mayHaveFailed } from './call-facts.ts';

const facts = (record: object) => callFacts(Buffer.from(JSON.stringify(record)));
const identity = (userIdentity: unknown) => facts({ userIdentity })?.values.userIdentityArn;

describe('what a record says of a call', () => {
  test('is who made it, without the session of a role, with what, and how it ended', () => {
    const arn = 'arn:aws:sts::123456789012:assumed-role/Deploy/i-0123/x\ny';
    const record = { userIdentity: { type: 'AssumedRole', arn }, userAgent: 'aws-cli', errorCode: 'AccessDenied' };
    expect(facts({ ...record, eventType: 'AwsApiCall' })).toEqual({
      errorCode: 'AccessDenied',
      values: {
        userIdentityArn: 'arn:aws:sts::123456789012:assumed-role/Deploy',
        userAgent: 'aws-cli',
        errorCode: 'AccessDenied',
      },
    });
    expect(facts({ errorCode: '' })).toEqual({ errorCode: undefined, values: { errorCode: 'null' } });
    expect(facts({ errorCode: 'x'.repeat(5_000) })?.errorCode).toHaveLength(1_024);
  });

  test('names users, other roles and services as they are, and nobody where the record does', () => {
    const arns = [
      'arn:aws:iam::123456789012:user/a/b/eve',
      'arn:aws:iam::123456789012:root',
      'arn:aws:iam::1:role/p/r',
    ];
    for (const arn of arns) expect(identity({ arn, invokedBy: 'other' })).toBe(arn);
    expect(identity({ type: 'AWSService', invokedBy: 'ec2.amazonaws.com' })).toBe('ec2.amazonaws.com');
    for (const odd of [undefined, null, 5, {}, { arn: 7 }]) expect(identity(odd)).toBeUndefined();
  });

  test('is nothing where it is no call; records before eventType are calls', () => {
    for (const eventType of ['AwsServiceEvent', 'AwsConsoleSignIn', 'AwsCloudTrailInsight', 5])
      expect(facts({ eventType })).toBeUndefined();
    expect(facts({})).toBeDefined();
    expect(callFacts(Buffer.from('[]broken'))).toBeUndefined();
  });

  test('may be an error only where an error code is', () => {
    expect(mayHaveFailed(Buffer.from('{"a":1,"errorCode" : "x"}'))).toBe(true);
    expect(mayHaveFailed(Buffer.from('{"a":1,"errorMessage":"x"}'))).toBe(false);
  });
});
