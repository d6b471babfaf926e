import { json, query } from '../../api/client.ts';
import { isDenied } from '../../api/error.ts';
import { allPages, type Listed, mapSome } from '../../api/pages.ts';
import { listOf, type XmlValue } from '../../api/xml.ts';
import { allTrails, getStatus } from '../../parts/trails/calls.ts';
import type { Trail, TrailStatus } from '../../parts/trails/trail.ts';

/** Attributes of a topic or queue; undefined where the caller may list it and not look at it. */
export type Attributes = Readonly<Record<string, string>> | undefined;

export interface Topic {
  readonly arn: string;
  readonly attributes: Attributes;
}

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
}

export interface Queue {
  readonly url: string;
  readonly attributes: Attributes;
}

/** How a trail tells of its log files. */
export interface TrailNotice {
  readonly trail: Trail;
  readonly status: TrailStatus | undefined;
}

type Page = { readonly NextToken?: string };

/** ListTopics, each with GetTopicAttributes. */
export async function listTopics(signal: AbortSignal): Promise<Listed<Topic>> {
  const { items, isCut } = await allPages(async (NextToken) => {
    const answer = await query<Page & { Topics?: XmlValue }>('sns', 'ListTopics', { NextToken }, { signal });
    return {
      items: listOf<{ TopicArn: string }>(answer.Topics).map(({ TopicArn }) => TopicArn),
      next: answer.NextToken,
    };
  });
  const topics = await mapSome(items, async (arn): Promise<Topic> => {
    const asked = query<{ Attributes?: XmlValue }>('sns', 'GetTopicAttributes', { TopicArn: arn }, { signal });
    return { arn, attributes: await ifAllowed(asked.then(({ Attributes }) => pairsOf(Attributes))) };
  });
  return { items: topics, isCut };
}

/** A map of the query protocol: entries of key and value. */
const pairsOf = (entries: XmlValue | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(listOf<{ key: string; value: string }>(entries).map(({ key, value }) => [key, String(value)]));

/** ListSubscriptions. */
export const listSubscriptions = (signal: AbortSignal): Promise<Listed<Subscription>> =>
  allPages(async (NextToken) => {
    interface Entry {
      readonly SubscriptionArn: string;
      readonly TopicArn: string;
      readonly Protocol: string;
      readonly Endpoint?: string;
    }
    const answer = await query<Page & { Subscriptions?: XmlValue }>(
      'sns',
      'ListSubscriptions',
      { NextToken },
      { signal },
    );
    const items = listOf<Entry>(answer.Subscriptions).map((entry) => ({
      arn: entry.SubscriptionArn,
      topicArn: entry.TopicArn,
      protocol: entry.Protocol,
      endpoint: entry.Endpoint ?? '',
    }));
    return { items, next: answer.NextToken };
  });

/** ListQueues, each with GetQueueAttributes. */
export async function listQueues(signal: AbortSignal): Promise<Listed<Queue>> {
  const { items, isCut } = await allPages(async (NextToken) => {
    const input = { MaxResults: 1000, NextToken };
    const answer = await json<Page & { QueueUrls?: readonly string[] }>('sqs', 'ListQueues', input, { signal });
    return { items: answer.QueueUrls ?? [], next: answer.NextToken };
  });
  const queues = await mapSome(items, async (url): Promise<Queue> => {
    const input = { QueueUrl: url, AttributeNames: ['All'] };
    const asked = json<{ Attributes?: Readonly<Record<string, string>> }>('sqs', 'GetQueueAttributes', input, {
      signal,
    });
    return { url, attributes: await ifAllowed(asked.then(({ Attributes = {} }) => Attributes)) };
  });
  return { items: queues, isCut };
}

/** DescribeTrails, those alone that have a topic, each with GetTrailStatus. */
export async function listTrailNotices(signal: AbortSignal): Promise<Listed<TrailNotice>> {
  const telling = (await allTrails(signal)).filter(({ SnsTopicARN }) => SnsTopicARN);
  const items = await mapSome(telling, async (trail): Promise<TrailNotice> => {
    return { trail, status: await ifAllowed(getStatus(trail, signal)) };
  });
  return { items, isCut: false };
}

/** undefined for what the caller may not see; a list is still worth showing then. */
async function ifAllowed<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}
