import { beforeEach, describe, expect, test } from 'vitest';
import { ACCOUNT, AWAY, createHarness, type Harness, HOME } from './testing/harness.ts';

const ARN = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/main`;
let h: Harness;
beforeEach(async () => {
  h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs', IsMultiRegionTrail: true });
});

const put = (input: object) => h.call('PutEventSelectors', { TrailName: 'main', ...input });
const get = () => h.call('GetEventSelectors', { TrailName: 'main' });
const hasCustom = async () => (await h.call('GetTrail', { Name: 'main' })).Trail.HasCustomEventSelectors;
const DEFAULT = {
  ReadWriteType: 'All',
  IncludeManagementEvents: true,
  DataResources: [],
  ExcludeManagementEventSources: [],
};
const equals = (Field: string, ...Equals: string[]) => ({ Field, Equals });
const DATA = [equals('eventCategory', 'Data'), equals('resources.type', 'AWS::S3::Object')];

describe('event selectors', () => {
  test('a new trail shows the default, and shows it again when it is put back', async () => {
    expect(await get()).toEqual({ TrailARN: ARN, EventSelectors: [DEFAULT] });
    expect(await hasCustom()).toBe(false);
    await put({ EventSelectors: [{ ReadWriteType: 'ReadOnly' }] });
    expect(await hasCustom()).toBe(true);
    await put({ EventSelectors: [{}] });
    expect(await hasCustom()).toBe(false);
  });
  test('are echoed with their defaults, in their order, and replaced as a whole', async () => {
    const s3 = { Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::logs/'] };
    const basic = [
      { ...DEFAULT, DataResources: [s3] },
      { ...DEFAULT, ReadWriteType: 'WriteOnly' },
    ];
    expect(await put({ EventSelectors: [{ DataResources: [s3] }, { ReadWriteType: 'WriteOnly' }] })).toEqual({
      TrailARN: ARN,
      EventSelectors: basic,
    });
    const advanced = [{ Name: 'writes', FieldSelectors: [...DATA].reverse() }];
    expect(await put({ AdvancedEventSelectors: advanced })).toEqual({
      TrailARN: ARN,
      AdvancedEventSelectors: advanced,
    });
    expect(await get()).toEqual({
      TrailARN: ARN,
      AdvancedEventSelectors: [{ Name: 'writes', FieldSelectors: DATA }],
    });
  });
  test('are changed in the home Region only, and read by ARN from others', async () => {
    expect((await h.refusal('PutEventSelectors', { TrailName: ARN, EventSelectors: [{}] }, { region: AWAY }))[0]).toBe(
      'InvalidHomeRegionException',
    );
    expect((await h.call('GetEventSelectors', { TrailName: ARN }, { region: AWAY })).TrailARN).toBe(ARN);
    expect((await h.refusal('GetEventSelectors', { TrailName: 'main' }, { region: AWAY }))[0]).toBe(
      'TrailNotFoundException',
    );
    expect((await h.refusal('PutEventSelectors', { TrailName: 'absent', EventSelectors: [{}] }))[0]).toBe(
      'TrailNotFoundException',
    );
  });
});

const s3 = (...Values: string[]) => [{ Type: 'AWS::S3::Object', Values }];
const many = (n: number, prefix = 'arn:aws:s3:::logs/') => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

describe('basic selectors', () => {
  test.each([
    ['five', Array(5).fill({})],
    ['all of S3', [{ DataResources: s3('arn:aws:s3') }]],
    ['all of S3, in its other form', [{ DataResources: s3('arn:aws:s3:::') }]],
    ['250 resources', [{ DataResources: s3(...many(125)) }, { DataResources: s3(...many(125)) }]],
    ['250 resources and all of a type', [{ DataResources: s3(...many(250), 'arn:aws:s3') }]],
    ['data events only', [{ IncludeManagementEvents: false, DataResources: s3('arn:aws:s3:::logs/a b/ü') }]],
    ['a type without values', [{ IncludeManagementEvents: false, DataResources: s3() }]],
    ['excluded sources', [{ ExcludeManagementEventSources: ['kms.amazonaws.com', 'rdsdata.amazonaws.com'] }]],
    [
      'Lambda and DynamoDB',
      [
        {
          DataResources: [
            { Type: 'AWS::Lambda::Function', Values: [`arn:aws:lambda:${HOME}:${ACCOUNT}:function:hello`] },
            { Type: 'AWS::Lambda::Function', Values: ['arn:aws:lambda'] },
            { Type: 'AWS::DynamoDB::Table', Values: [`arn:aws:dynamodb:${HOME}:${ACCOUNT}:table/orders`] },
          ],
        },
      ],
    ],
  ])('%s are taken', async (_what, EventSelectors) => {
    await put({ EventSelectors });
  });

  test.each([
    ['none', [], /number of selectors \(1 to 5\)/],
    ['six', Array(6).fill({}), /number of selectors \(1 to 5\)/],
    ['another ReadWriteType', [{ ReadWriteType: 'read-only' }], /^Value read-only for ReadWriteType is invalid/],
    [
      '251 resources',
      [{ DataResources: s3(...many(125)) }, { DataResources: s3(...many(126)) }],
      /^Specify a valid number of DataResources.Values \(0 to 250\) for all your selectors.$/,
    ],
    [
      'a bucket without a slash',
      [{ DataResources: s3('arn:aws:s3:::logs') }],
      /^Value arn:aws:s3:::logs for DataResources.Values is invalid.$/,
    ],
    ['a wildcard', [{ DataResources: s3('arn:aws:s3:::*') }], /^Value arn:aws:s3:::\* for DataResources.Values/],
    ['a value of another type', [{ DataResources: s3('arn:aws:lambda') }], /DataResources.Values is invalid/],
    [
      'another resource type',
      [{ DataResources: [{ Type: 'AWS::SNS::Topic', Values: [] }] }],
      /^Value AWS::SNS::Topic for DataResources.Type is invalid/,
    ],
    ['no resource type', [{ DataResources: [{ Values: [] }] }], /DataResources.Type is invalid/],
    ['a hostile resource type', [{ DataResources: [{ Type: '__proto__', Values: ['x'] }] }], /Type is invalid/],
    [
      'another excluded source',
      [{ ExcludeManagementEventSources: ['s3.amazonaws.com'] }],
      /^Value s3.amazonaws.com for ExcludeManagementEventSources is invalid/,
    ],
    [
      'nothing to log',
      [{ IncludeManagementEvents: false }],
      /^Invalid combination of parameters in EventSelectors. When includeManagementEvents is false, DataResources must not be empty.$/,
    ],
    ['more bytes than a trail holds', [{ DataResources: s3(`arn:aws:s3:::logs/${'x'.repeat(300_000)}`) }], /too large/],
  ])('%s are refused', async (_what, EventSelectors, message) => {
    const [code, text] = await h.refusal('PutEventSelectors', { TrailName: 'main', EventSelectors });
    expect(code).toBe('InvalidEventSelectorsException');
    expect(text).toMatch(message);
    expect(await hasCustom()).toBe(false);
  });
});

const MANAGEMENT = [equals('eventCategory', 'Management')];
const NETWORK = [equals('eventCategory', 'NetworkActivity'), equals('eventSource', 'kms.amazonaws.com')];
const LAMBDA = [equals('eventCategory', 'Data'), equals('resources.type', 'AWS::Lambda::Function')];
const FUNCTION = `arn:aws:lambda:${HOME}:${ACCOUNT}:function:hello`;

describe('advanced selectors', () => {
  test.each([
    ['management events', MANAGEMENT],
    [
      'management reads without KMS',
      [
        ...MANAGEMENT,
        equals('readOnly', 'true'),
        { Field: 'eventSource', NotEquals: ['kms.amazonaws.com', 'rdsdata.amazonaws.com'] },
      ],
    ],
    ['data events', DATA],
    [
      'data events by every field',
      [
        ...DATA,
        equals('readOnly', 'false'),
        { Field: 'eventName', StartsWith: ['Put'], NotEndsWith: ['Acl'] },
        { Field: 'eventSource', EndsWith: ['.amazonaws.com'] },
        { Field: 'eventType', NotEquals: ['AwsServiceEvent'] },
        { Field: 'resources.ARN', StartsWith: ['arn:aws:s3:::logs/'], NotStartsWith: ['anything'] },
        { Field: 'sessionCredentialFromConsole', NotEquals: ['true'] },
        { Field: 'userIdentity.arn', NotEndsWith: ['/robot'] },
      ],
    ],
    ['a function', [...LAMBDA, equals('resources.ARN', FUNCTION)]],
    [
      'an ARN of a type without a known form',
      [
        equals('eventCategory', 'Data'),
        equals('resources.type', 'AWS::SNS::Topic'),
        equals('resources.ARN', `arn:aws:sns:${HOME}:${ACCOUNT}:t`),
      ],
    ],
    [
      'network activity',
      [...NETWORK, equals('errorCode', 'VpceAccessDenied'), { Field: 'vpcEndpointId', NotEquals: ['vpce-1'] }],
    ],
    ['500 values', [...DATA, { Field: 'eventName', Equals: many(498, 'x') }]],
  ])('%s are taken', async (_what, FieldSelectors) => {
    await put({ AdvancedEventSelectors: [{ FieldSelectors }] });
  });

  test.each([
    ['no fields', [], /must have the field eventCategory/],
    ['no category', [equals('readOnly', 'true')], /must have the field eventCategory/],
    ['another category', [equals('eventCategory', 'Insight')], /^Value Insight for eventCategory is invalid/],
    ['a hostile category', [equals('eventCategory', 'constructor')], /for eventCategory is invalid/],
    ['two categories', [equals('eventCategory', 'Management', 'Data')], /eventCategory must have exactly one value/],
    ['a category by prefix', [{ Field: 'eventCategory', StartsWith: ['Data'] }], /must have the field eventCategory/],
    ['data without a type', [equals('eventCategory', 'Data')], /must have the field resources.type/],
    [
      'two types',
      [equals('eventCategory', 'Data'), equals('resources.type', 'AWS::S3::Object', 'AWS::SNS::Topic')],
      /exactly one value/,
    ],
    [
      'an unknown type',
      [equals('eventCategory', 'Data'), equals('resources.type', 'AWS::S3::Bucket')],
      /^Value AWS::S3::Bucket for field resources.type/,
    ],
    [
      'network activity without a source',
      [equals('eventCategory', 'NetworkActivity')],
      /must have the field eventSource/,
    ],
    [
      'network activity of an unknown source',
      [equals('eventCategory', 'NetworkActivity'), equals('eventSource', 'x.amazonaws.com')],
      /for field eventSource/,
    ],
    [
      'readOnly for network activity',
      [...NETWORK, equals('readOnly', 'true')],
      /^Field readOnly is not valid for category NetworkActivity/,
    ],
    ['another error code', [...NETWORK, equals('errorCode', 'AccessDenied')], /for field errorCode/],
    ['eventName for management', [...MANAGEMENT, equals('eventName', 'RunInstances')], /^Field eventName is not valid/],
    [
      'an included source for management',
      [...MANAGEMENT, equals('eventSource', 'kms.amazonaws.com')],
      /^Operator Equals is not valid for field eventSource/,
    ],
    [
      'another excluded source',
      [...MANAGEMENT, { Field: 'eventSource', NotEquals: ['s3.amazonaws.com'] }],
      /^Value s3.amazonaws.com for field eventSource/,
    ],
    ['readOnly maybe', [...DATA, equals('readOnly', 'maybe')], /^Value maybe for field readOnly/],
    ['readOnly both', [...DATA, equals('readOnly', 'true', 'false')], /exactly one value/],
    [
      'not from the console',
      [...DATA, equals('sessionCredentialFromConsole', 'false')],
      /for field sessionCredentialFromConsole/,
    ],
    ['an unknown field', [...DATA, equals('sourceIPAddress', '1.2.3.4')], /^Field sourceIPAddress is not valid/],
    ['a field without a name', [...DATA, { Equals: ['x'] }], /is not valid for category Data/],
    ['a field twice', [...DATA, equals('eventName', 'a'), equals('eventName', 'b')], /^Field eventName occurs twice/],
    [
      'a field without an operator',
      [...DATA, { Field: 'eventName' }],
      /^Field eventName must have at least one operator/,
    ],
    ['an operator without values', [...DATA, equals('eventName')], /at least one value/],
    ['an empty value', [...DATA, equals('eventName', '')], /for field eventName is invalid/],
    ['a long value', [...DATA, equals('eventName', 'x'.repeat(2049))], /for field eventName is invalid/],
    ['an ARN that is none', [...DATA, equals('resources.ARN', 'logs')], /^Value logs for field resources.ARN/],
    ['an ARN of another type', [...DATA, equals('resources.ARN', FUNCTION)], /for field resources.ARN/],
    ['a function’s version', [...LAMBDA, equals('resources.ARN', `${FUNCTION}:1`)], /for field resources.ARN/],
    ['501 values', [...DATA, { Field: 'eventName', Equals: many(499, 'x') }], /at most 500 values/],
  ])('%s are refused', async (_what, FieldSelectors, message) => {
    const AdvancedEventSelectors = [{ FieldSelectors }];
    const [code, text] = await h.refusal('PutEventSelectors', { TrailName: 'main', AdvancedEventSelectors });
    expect(code).toBe('InvalidEventSelectorsException');
    expect(text).toMatch(message);
  });

  test('values are counted over all selectors', async () => {
    const half = (n: number) => ({ FieldSelectors: [...DATA, { Field: 'eventName', Equals: many(n, 'x') }] });
    await put({ AdvancedEventSelectors: [half(248), half(248)] });
    expect(
      (await h.refusal('PutEventSelectors', { TrailName: 'main', AdvancedEventSelectors: [half(248), half(249)] }))[1],
    ).toMatch(/501/);
  });
  test.each([
    ['neither kind', {}],
    ['both kinds', { EventSelectors: [{}], AdvancedEventSelectors: [{ FieldSelectors: MANAGEMENT }] }],
    ['an empty list', { AdvancedEventSelectors: [] }],
    ['a long name', { AdvancedEventSelectors: [{ Name: 'x'.repeat(1001), FieldSelectors: MANAGEMENT }] }],
  ])('%s is refused', async (_what, input) => {
    expect((await h.refusal('PutEventSelectors', { TrailName: 'main', ...input }))[0]).toBe(
      'InvalidEventSelectorsException',
    );
  });
});
