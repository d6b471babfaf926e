import { json, query } from '../../../api/client.ts';
import { listOf, type XmlValue } from '../../../api/xml.ts';

/** A log group that a trail delivers to: what metric filters can count. */
export interface TrailGroup {
  readonly trailName: string;
  readonly groupName: string;
  /** The group's own, which is the trail's home Region. */
  readonly region: string;
}

interface Trails {
  readonly trailList?: readonly { readonly Name?: string; readonly CloudWatchLogsLogGroupArn?: string }[];
}

/** DescribeTrails, those alone that deliver to a log group. */
export async function trailGroups(signal: AbortSignal): Promise<readonly TrailGroup[]> {
  const { trailList = [] } = await json<Trails>(
    'cloudtrail',
    'DescribeTrails',
    { includeShadowTrails: true },
    { signal },
  );
  return trailList.flatMap(({ Name = '', CloudWatchLogsLogGroupArn = '' }) => {
    const [, region, groupName] = /^arn:[^:]+:logs:([^:]+):\d+:log-group:([^:]+)/.exec(CloudWatchLogsLogGroupArn) ?? [];
    return region === undefined || groupName === undefined ? [] : [{ trailName: Name, groupName, region }];
  });
}

/** Topics of a Region: ListTopics, as many pages as a list to choose from makes sense of. */
export async function topicArns(region: string, signal: AbortSignal): Promise<readonly string[]> {
  const arns: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < TOPIC_PAGES_MAX; page++) {
    const answer = await query<{ Topics?: XmlValue; NextToken?: string }>(
      'sns',
      'ListTopics',
      token === undefined ? {} : { NextToken: token },
      { region, signal },
    );
    for (const topic of listOf(answer.Topics)) arns.push(String((topic as { TopicArn?: string }).TopicArn ?? ''));
    token = answer.NextToken;
    if (!token) break;
  }
  return arns.filter((arn) => arn !== '');
}

/** Pages have 100 topics. */
const TOPIC_PAGES_MAX = 10;
