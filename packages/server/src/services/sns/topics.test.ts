import { describe, expect, test } from 'vitest';
import type { PrincipalPolicySource } from '../../access/principal-policies.ts';
import { memoryState } from '../../ports/state/memory.ts';
import { ACCOUNT, alice, HOME, harness, nobody, OTHER, user } from './testing/harness.ts';

const ARN = `arn:aws:sns:${HOME}:${ACCOUNT}:audit`;

describe('topics', () => {
  test('are made, listed, described and deleted, each in its Region and account', async () => {
    const { call, newTopic } = await harness();
    expect(await newTopic('audit', { DisplayName: 'Audit' })).toBe(ARN);
    await newTopic('other', {}, user('bob', OTHER));
    expect(await call('ListTopics')).toEqual({ Topics: [{ TopicArn: ARN }] });
    expect(await call('ListTopics', {}, alice, 'eu-west-1')).toEqual({ Topics: [] });
    const { Attributes } = await call('GetTopicAttributes', { TopicArn: ARN });
    expect(Attributes).toMatchObject({
      TopicArn: ARN,
      Owner: ACCOUNT,
      DisplayName: 'Audit',
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '0',
    });
    expect(JSON.parse(Attributes.Policy).Id).toBe('__default_policy_ID');
    expect(JSON.parse(Attributes.EffectiveDeliveryPolicy).http.defaultHealthyRetryPolicy).toMatchObject({
      minDelayTarget: 20,
      numRetries: 3,
    });
    await call('DeleteTopic', { TopicArn: ARN });
    await call('DeleteTopic', { TopicArn: ARN });
    expect(await call('ListTopics')).toEqual({ Topics: [] });
  });

  test('may be created again as they are, and not otherwise', async () => {
    const { call, refused } = await harness();
    const Tags = [{ Key: 'team', Value: 'audit' }];
    const make = { Name: 'audit', Attributes: { DisplayName: 'A' }, Tags };
    await call('CreateTopic', make);
    expect(await call('CreateTopic', make)).toEqual({ TopicArn: ARN });
    expect(await call('CreateTopic', { Name: 'audit' })).toEqual({ TopicArn: ARN });
    expect(await refused('CreateTopic', { Name: 'audit', Attributes: { DisplayName: 'B' } })).toBe(
      'InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes',
    );
    expect(await refused('CreateTopic', { Name: 'audit', Tags: [{ Key: 'team', Value: 'x' }] })).toMatch(
      /different tags/,
    );
  });

  test('are listed by pages of a hundred, and bounded in number', async () => {
    const state = memoryState();
    const { call, refused, newTopic } = await harness({ state });
    const names = Array.from({ length: 203 }, (_, i) => `t${String((i * 101) % 203).padStart(3, '0')}`);
    for (const name of names) await newTopic(name);
    await newTopic('other', {}, user('bob', OTHER));
    const sizes: number[] = [];
    const seen: string[] = [];
    for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
      const answer = await call('ListTopics', NextToken === undefined ? {} : { NextToken });
      sizes.push(answer.Topics.length);
      seen.push(...answer.Topics.map((topic: { TopicArn: string }) => topic.TopicArn.split(':').at(-1)));
      NextToken = answer.NextToken;
    }
    expect([sizes, seen]).toEqual([[100, 100, 3], names.sort()]);
    expect(await refused('ListTopics', { NextToken: 'bm8' })).toMatch(/InvalidParameter.*NextToken/);

    const rest = Array.from({ length: 100_000 - 203 }, (_, i) => `u${String(i).padStart(6, '0')}`);
    await state.write(rest.map((name) => ({ put: `sns/${ACCOUNT}/${HOME}/topic/${name}`, value: {} })));
    expect(await refused('CreateTopic', { Name: 'one-more' })).toMatch(/^TopicLimitExceeded/);
    expect(await refused('CreateTopic', { Name: 't001' })).toBe('ok');
  });

  test.each([
    [{ Name: '' }, /Topic Name/],
    [{ Name: 'a.b' }, /Topic Name/],
    [{ Name: 'a.fifo' }, /Topic Name/],
    [{ Name: 'a', Attributes: { FifoTopic: 'true' } }, /Fifo Topic names must end/],
    [{ Name: 'a', Attributes: { ContentBasedDeduplication: 'true' } }, /FIFO topics only/],
    [{ Name: 'a', Attributes: { Nonsense: 'x' } }, /Unknown attribute/],
    [{ Name: 'a', Attributes: { SQSSuccessFeedbackSampleRate: '101' } }, /0 to 100/],
    [{ Name: 'a', Attributes: { SQSFailureFeedbackRoleArn: 'arn:aws:iam::1:role/x' } }, /not supported/],
    [{ Name: 'a', Attributes: { SignatureVersion: '3' } }, /SignatureVersion/],
    [{ Name: 'a', Attributes: { KmsMasterKeyId: 'no key' } }, /KmsMasterKeyId/],
    [{ Name: 'a', Attributes: { Policy: '{' } }, /Policy Error/],
    [{ Name: 'a', Attributes: { DeliveryPolicy: '{"http":{"x":1}}' } }, /unexpected JSON member: x/],
    [{ Name: 'a', Tags: [{ Key: 'aws:x', Value: '' }] }, /Tags/],
  ])('%j is refused', async (input, why) => {
    const { refused } = await harness();
    const said = await refused('CreateTopic', input);
    expect(said).toMatch(/^InvalidParameter: Invalid parameter: /);
    expect(said).toMatch(why);
  });

  test('have attributes and tags that change', async () => {
    const { call, refused, newTopic } = await harness();
    const TopicArn = await newTopic('audit');
    const set = (AttributeName: string, AttributeValue: string) =>
      refused('SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
    expect(await set('DisplayName', 'New')).toBe('ok');
    expect(await set('FifoTopic', 'true')).toMatch(/InvalidParameter/);
    expect(await set('Owner', OTHER)).toMatch(/InvalidParameter: Invalid parameter: AttributeName/);
    expect((await call('GetTopicAttributes', { TopicArn })).Attributes.DisplayName).toBe('New');
    await call('TagResource', {
      ResourceArn: TopicArn,
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    });
    await call('UntagResource', { ResourceArn: TopicArn, TagKeys: ['a'] });
    expect(await call('ListTagsForResource', { ResourceArn: TopicArn })).toEqual({ Tags: [{ Key: 'b', Value: '2' }] });
    expect(await refused('ListTagsForResource', { ResourceArn: `${TopicArn}x` })).toMatch(/^ResourceNotFound/);
    expect(await refused('GetTopicAttributes', { TopicArn: `${TopicArn}x` })).toBe('NotFound: Topic does not exist');
    expect(await refused('GetTopicAttributes', { TopicArn }, alice, 'eu-west-1')).toMatch(/TopicArn/);
  });
});

describe('who may', () => {
  const nothing: PrincipalPolicySource = { policiesOf: async () => ({ identity: [], tags: {} }) };

  test('use a topic is told by policies of either side', async () => {
    const { call, refused, newTopic } = await harness();
    const TopicArn = await newTopic('audit');
    const bob = user('bob', OTHER);
    const publish = { TopicArn, Message: 'x' };
    expect(await refused('Publish', publish, bob)).toMatch(
      /^AuthorizationError: User: .*:user\/bob is not authorized to perform: SNS:Publish on resource: .*:audit because no resource-based policy/,
    );
    await call('AddPermission', { TopicArn, Label: 'bob', AWSAccountId: [OTHER], ActionName: ['Publish'] });
    expect(
      await refused('AddPermission', { TopicArn, Label: 'bob', AWSAccountId: [OTHER], ActionName: ['Publish'] }),
    ).toMatch(/Statement already exists/);
    expect(await refused('Publish', publish, bob)).toBe('ok');
    await call('RemovePermission', { TopicArn, Label: 'bob' });
    expect(await refused('Publish', publish, bob)).toMatch(/^AuthorizationError/);
  });

  test('the default policy lets nobody in who has no policy', async () => {
    const { refused, newTopic } = await harness({ policies: nothing });
    const TopicArn = await newTopic('audit', {}, user('root'));
    expect(await refused('Publish', { TopicArn, Message: 'x' })).toMatch(/because no identity-based policy allows/);
  });

  test('unsigned requests can do nothing but follow the links of messages', async () => {
    const { refused, newTopic, service } = await harness();
    const TopicArn = await newTopic('audit');
    for (const operation of Object.keys(service.operations)) {
      const said = await refused(
        operation,
        { TopicArn, Token: 'x', SubscriptionArn: `${TopicArn}:00000000-0000-4000-8000-000000000000` },
        nobody,
      );
      if (operation === 'ConfirmSubscription') expect(said).toMatch(/Invalid parameter: Token/);
      else if (operation === 'Unsubscribe') expect(said).toBe('ok');
      else expect(said, operation).toMatch(/^MissingAuthenticationToken/);
    }
  });

  test('services publish as the policy says', async () => {
    const { sns, newTopic, call } = await harness();
    const TopicArn = await newTopic('audit');
    const actor = {
      service: 'cloudtrail.amazonaws.com',
      sourceArn: `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/t`,
      sourceAccount: ACCOUNT,
    };
    expect(await sns.topics.check(TopicArn, actor)).toMatch(/it needs the statement \{"Effect":"Allow"/);
    await expect(sns.topics.publish(TopicArn, { message: 'x' }, actor)).rejects.toThrow(/SNS:Publish/);
    await expect(sns.topics.check(`${TopicArn}x`, actor)).rejects.toThrow('Topic does not exist');
    const alarm = { ...actor, service: 'cloudwatch.amazonaws.com' };
    expect(await sns.topics.check(TopicArn, alarm)).toBeUndefined();
    expect(await sns.topics.check(TopicArn, { ...alarm, sourceAccount: OTHER })).toBeDefined();
    const AttributeValue = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: actor.service },
        Action: 'SNS:Publish',
        Resource: TopicArn,
        Condition: { StringEquals: { 'aws:SourceArn': actor.sourceArn } },
      },
    });
    await call('SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
    expect(await sns.topics.check(TopicArn, actor)).toBeUndefined();
    expect((await sns.topics.publish(TopicArn, { message: 'x' }, actor)).messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await sns.topics.check(TopicArn, { ...actor, sourceArn: `${actor.sourceArn}2` })).toBeDefined();
  });
});
