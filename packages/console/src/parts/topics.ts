import { query } from '../api/client.ts';
import { listOf } from '../api/xml.ts';

/** ListTopics: ARNs of those that a trail or an alarm can tell, which FIFO topics are not. */
export async function listTopics(region: string, signal: AbortSignal): Promise<readonly string[]> {
  const { Topics } = await query<{ Topics?: unknown }>('sns', 'ListTopics', {}, { region, signal });
  const arns = listOf<{ readonly TopicArn: string }>(Topics).map(({ TopicArn }) => TopicArn);
  return arns.filter((arn) => !arn.endsWith('.fifo'));
}
