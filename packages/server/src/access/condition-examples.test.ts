// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write their variables
import { describe, expect, test } from 'vitest';
import { ACCOUNT, allow, type Case, decisionOf, nobody, role, root, service, to, when } from './testing/decisions.ts';

/** What conditions say; each block names AWS's page. See decisions.test.ts. */

/** Whether the condition holds: the table below reads as operator, policy's values, request's values. */
const holds = async (Condition: object, given: Partial<Case> = {}) =>
  (await decisionOf({ do: 's3:GetObject', identity: [allow('*', '*', when(Condition))], ...given })) === 'allowed';

describe('IAM: Condition operators', () => {
  const key = 's3:prefix';
  test.each<[boolean, string, string | string[], string | string[] | undefined]>([
    [true, 'StringEquals', 'home', 'home'],
    [false, 'StringEquals', 'home', 'Home'],
    [false, 'StringEquals', 'ho*', 'home'],
    [true, 'StringEquals', ['a', 'b'], 'b'],
    [false, 'StringEquals', 'a', undefined],
    [true, 'StringNotEquals', 'a', 'b'],
    [true, 'StringNotEquals', 'a', undefined],
    [false, 'StringNotEquals', ['a', 'b'], 'b'],
    [true, 'StringEqualsIgnoreCase', 'HOME', 'home'],
    [false, 'StringNotEqualsIgnoreCase', 'HOME', 'home'],
    [true, 'StringLike', 'ho*', 'home'],
    [true, 'StringLike', 'h?me', 'home'],
    [false, 'StringLike', 'h?', 'home'],
    [false, 'StringNotLike', 'ho*', 'home'],
    [true, 'StringEqualsIfExists', 'a', undefined],
    [false, 'StringEqualsIfExists', 'a', 'b'],
    [true, 'StringLikeIfExists', 'a*', undefined],
    [true, 'NumericEquals', '10', '10.0'],
    [true, 'NumericLessThanEquals', '10', '10'],
    [false, 'NumericLessThan', '10', '10'],
    [true, 'NumericGreaterThan', '9', '10'],
    [false, 'NumericGreaterThanEquals', '10', 'ten'],
    [true, 'NumericNotEquals', '1', '2'],
    [false, 'NumericLessThan', '10', undefined],
    [true, 'NumericLessThanIfExists', '10', undefined],
    [true, 'DateGreaterThan', '2020-04-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    [false, 'DateLessThan', '2020-06-30T23:59:59Z', '2026-01-02T00:00:00Z'],
    [true, 'DateEquals', '1767312000', '2026-01-02T00:00:00Z'],
    [true, 'DateNotEquals', '2026-01-01', '2026-01-02'],
    [true, 'Bool', 'true', 'True'],
    [false, 'Bool', 'true', 'false'],
    [false, 'Bool', 'false', undefined],
    [true, 'BoolIfExists', 'true', undefined],
    [true, 'BinaryEquals', 'QmluYXJ5', 'QmluYXJ5'],
    [true, 'BinaryEquals', 'QQ==', 'QQ'],
    [false, 'BinaryEquals', 'QmluYXJ5', 'QmluYXJz'],
    [true, 'IpAddress', '203.0.113.0/24', '203.0.113.7'],
    [true, 'IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5678::1'],
    [false, 'IpAddress', '203.0.113.0/24', '198.51.100.1'],
    [true, 'NotIpAddress', '203.0.113.0/24', '198.51.100.1'],
    [true, 'NotIpAddress', '203.0.113.0/24', undefined],
    [false, 'NotIpAddress', ['192.0.2.0/24', '203.0.113.0/24'], '203.0.113.7'],
    [true, 'ArnLike', 'arn:aws:sns:*:123456789012:*', 'arn:aws:sns:us-east-1:123456789012:topic'],
    [true, 'ArnEquals', 'arn:aws:sns:*:123456789012:t?pic', 'arn:aws:sns:us-east-1:123456789012:topic'],
    [false, 'ArnLike', 'arn:aws:sns:*:topic', 'arn:aws:sns:us-east-1:123456789012:topic'],
    [false, 'ArnNotLike', 'arn:aws:sns:*:*:*', 'arn:aws:sns:us-east-1:123456789012:topic'],
    [true, 'Null', 'true', undefined],
    [false, 'Null', 'true', 'a'],
    [true, 'Null', 'false', 'a'],
    [false, 'Null', 'false', undefined],
    [true, 'ForAllValues:StringEquals', ['a', 'b'], ['a']],
    [false, 'ForAllValues:StringEquals', ['a', 'b'], ['a', 'c']],
    [true, 'ForAllValues:StringEquals', ['a', 'b'], undefined],
    [true, 'ForAllValues:StringEquals', ['a', 'b'], ['']],
    [true, 'ForAllValues:StringNotEquals', ['a'], ['b', 'c']],
    [false, 'ForAllValues:StringNotEquals', ['a'], ['a', 'c']],
    [true, 'ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b']],
    [false, 'ForAnyValue:StringEquals', ['a', 'b'], ['c']],
    [false, 'ForAnyValue:StringEquals', ['a', 'b'], undefined],
    [true, 'ForAnyValue:StringEqualsIfExists', ['a', 'b'], undefined],
    [true, 'ForAnyValue:StringNotEquals', ['a'], ['a', 'c']],
    [false, 'ForAnyValue:StringNotEquals', ['a'], undefined],
    [true, 'ForAnyValue:StringLike', ['team-*'], ['x', 'team-a']],
  ])('%s: %s %j of %j', async (expected, operator, wanted, actual) => {
    const given = actual === undefined ? {} : { with: { [key]: actual } };
    expect(await holds({ [operator]: { [key]: wanted } }, given)).toBe(expected);
  });

  test('all keys and all operators of a block must hold', async () => {
    const both = { StringEquals: { [key]: 'a', 's3:delimiter': '/' }, Bool: { 'aws:SecureTransport': 'true' } };
    expect(await holds(both, { with: { [key]: 'a', 's3:delimiter': '/' } })).toBe(true);
    expect(await holds(both, { with: { [key]: 'a' } })).toBe(false);
    const plain = { with: { [key]: 'a', 's3:delimiter': '/' }, facts: { secureTransport: false } };
    expect(await holds(both, plain)).toBe(false);
  });
});

describe('IAM: AWS global condition context keys', () => {
  const place = { organizationId: 'o-a1b2', path: 'o-a1b2/r-ab12/ou-ab12-11/', serviceControl: [] };
  const mfa = role('admin', ACCOUNT, { mfa: true, issuedMs: Date.UTC(2026, 0, 2, 11, 30) });
  test.each<[boolean, string, object, Partial<Case>]>([
    [true, 'CurrentTime', { DateGreaterThan: { 'aws:CurrentTime': '2026-01-02T11:59:59Z' } }, {}],
    [true, 'EpochTime', { NumericEquals: { 'aws:EpochTime': '1767355200' } }, {}],
    [true, 'SourceIp', { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }, {}],
    [false, 'VpcSourceIp is absent', { IpAddress: { 'aws:VpcSourceIp': '0.0.0.0/0' } }, {}],
    [false, 'SecureTransport', { Bool: { 'aws:SecureTransport': 'true' } }, { facts: { secureTransport: false } }],
    [false, 'MFA: a long-term key brings none', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, {}],
    [true, 'MFA: BoolIfExists is the way to deny', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, {}],
    [true, 'MFA in a session', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, { as: mfa }],
    [false, 'a session without', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, { as: role() }],
    [true, 'MFA age', { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } }, { as: mfa }],
    [false, 'MFA age, too old', { NumericLessThan: { 'aws:MultiFactorAuthAge': '60' } }, { as: mfa }],
    [false, 'MFA age without MFA', { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } }, { as: role() }],
    [true, 'TokenIssueTime', { DateLessThan: { 'aws:TokenIssueTime': '2026-01-02T12:00:00Z' } }, { as: role() }],
    [false, 'TokenIssueTime of a long-term key', { Null: { 'aws:TokenIssueTime': 'false' } }, {}],
    [true, 'PrincipalTag', { StringEquals: { 'aws:PrincipalTag/Team': 'audit' } }, { tags: { Team: 'audit' } }],
    [
      true,
      'PrincipalTag has no case',
      { StringEquals: { 'aws:principaltag/TEAM': 'audit' } },
      { tags: { team: 'audit' } },
    ],
    [
      true,
      'PrincipalTag with a space',
      { StringEquals: { 'aws:PrincipalTag/cost center': 'a' } },
      { tags: { 'Cost Center': 'a' } },
    ],
    [
      true,
      'session tags win',
      { StringEquals: { 'aws:PrincipalTag/team': 'b' } },
      { tags: { team: 'a' }, as: role('admin', ACCOUNT, { tags: { team: 'b' } }) },
    ],
    [true, 'RequestedRegion', { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }, {}],
    [
      true,
      'PrincipalArn of a session is the role',
      { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/admin` } },
      { as: role() },
    ],
    [true, 'PrincipalArn of root', { StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:root' } }, { as: root() }],
    [true, 'PrincipalAccount', { StringEquals: { 'aws:PrincipalAccount': ACCOUNT } }, {}],
    [true, 'PrincipalType', { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }, { as: role() }],
    [true, 'PrincipalIsAWSService', { Bool: { 'aws:PrincipalIsAWSService': 'false' } }, {}],
    [true, 'userid of a session', { StringLike: { 'aws:userid': 'AROAADMIN:*' } }, { as: role() }],
    [true, 'username', { StringEquals: { 'aws:username': 'alice' } }, {}],
    [false, 'username of a session is absent', { Null: { 'aws:username': 'false' } }, { as: role() }],
    [true, 'UserAgent', { StringLike: { 'aws:UserAgent': 'aws-cli/*' } }, {}],
    [
      true,
      'Referer',
      { StringLike: { 'aws:Referer': 'https://example.com/*' } },
      { facts: { referer: 'https://example.com/a' } },
    ],
    [
      true,
      'SourceIdentity',
      { StringEquals: { 'aws:SourceIdentity': 'alice' } },
      { as: role('admin', ACCOUNT, { sourceIdentity: 'alice' }) },
    ],
    [
      true,
      'FederatedProvider',
      { StringEquals: { 'aws:FederatedProvider': 'idp.example.com' } },
      { as: role('admin', ACCOUNT, { externalProvider: 'idp.example.com' }) },
    ],
    [true, 'PrincipalOrgID', { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2' } }, { place }],
    [false, 'PrincipalOrgID outside an organization', { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2' } }, {}],
    [
      true,
      'PrincipalOrgPaths',
      { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': ['o-a1b2/r-ab12/*'] } },
      { place },
    ],
    [
      true,
      'ResourceAccount',
      { StringEquals: { 'aws:ResourceAccount': '${aws:PrincipalAccount}' } },
      { owner: ACCOUNT },
    ],
    [true, 'ResourceOrgID', { StringEquals: { 'aws:ResourceOrgID': '${aws:PrincipalOrgID}' } }, { place }],
    [
      true,
      'CalledVia',
      { 'ForAnyValue:StringEquals': { 'aws:CalledVia': ['athena.amazonaws.com'] } },
      { facts: { calledVia: ['cloudformation.amazonaws.com', 'athena.amazonaws.com'] } },
    ],
    [
      true,
      'CalledViaLast',
      { StringEquals: { 'aws:CalledViaLast': 'athena.amazonaws.com' } },
      { facts: { calledVia: ['cloudformation.amazonaws.com', 'athena.amazonaws.com'] } },
    ],
    [false, 'ViaAWSService', { Bool: { 'aws:ViaAWSService': 'true' } }, {}],
    [
      true,
      'TagKeys',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'env'] } },
      { with: { 'aws:TagKeys': ['team'] } },
    ],
    [
      false,
      'TagKeys, one too many',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'env'] } },
      { with: { 'aws:TagKeys': ['team', 'x'] } },
    ],
  ])('%s: %s', async (expected, _, Condition, given) => expect(await holds(Condition, given)).toBe(expected));

  test('of services: name, source', async () => {
    const Condition = { StringEquals: { 'aws:PrincipalServiceName': 'cloudtrail.amazonaws.com' } };
    const resource = [allow('s3:PutObject', '*', to('*', when(Condition)))];
    const put = { do: 's3:PutObject', resource };
    expect(await decisionOf({ ...put, as: service('cloudtrail.amazonaws.com') })).toBe('allowed');
    expect(await decisionOf({ ...put, as: nobody })).toBe('resource-based');
  });
});
