import type { CallOptions, OpenTrailClient } from '../client.ts';
import { textIn } from '../monitor/aws.ts';

/** The answer of one call, or why there is none. */
export type Outcome<T> =
  | { readonly value: T; readonly code?: never }
  | { readonly code: string; readonly message: string };

/** What the doctor asks, as the user who runs it: each call is itself recorded, and needs its permission. */
export interface Calls {
  cloudTrail<T>(operation: string, input: object): Promise<Outcome<T>>;
  kms<T>(operation: string, input: object): Promise<Outcome<T>>;
  organizations<T>(operation: string, input: object): Promise<Outcome<T>>;
  /** Of a topic; empty when it shows none. */
  topicPolicy(arn: string): Promise<Outcome<string>>;
  /** A bucket's sub-resource, or (without) whether it is there. */
  bucket(bucket: string, subresource?: string): Promise<Outcome<string>>;
  /** What keeps the server from its work, in its own words; undefined when it has no such page (AWS). */
  troubles(): Promise<readonly string[] | undefined>;
}

const JSON_1_1 = 'application/x-amz-json-1.1';

export function callsOf(client: OpenTrailClient): Calls {
  async function fetched<T>(
    method: string,
    path: string,
    options: CallOptions,
    read: (text: string) => T,
  ): Promise<Outcome<T>> {
    const { status, body } = await client.fetched(method, path, options);
    const text = body.toString('utf8');
    return status < 300 ? { value: read(text) } : { code: codeOf(status, text), message: messageOf(text) };
  }
  const json =
    (service: string, target: string) =>
    <T>(operation: string, input: object): Promise<Outcome<T>> => {
      const headers = { 'content-type': JSON_1_1, 'x-amz-target': `${target}.${operation}` };
      return fetched('POST', '/', { service, headers, body: Buffer.from(JSON.stringify(input)) }, (text) =>
        JSON.parse(text),
      );
    };
  return {
    cloudTrail: json('cloudtrail', 'CloudTrail_20131101'),
    kms: json('kms', 'TrentService'),
    organizations: json('organizations', 'AWSOrganizationsV20161128'),
    topicPolicy: (arn) =>
      fetched(
        'POST',
        '/',
        {
          service: 'sns',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: Buffer.from(
            new URLSearchParams({ Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn: arn }).toString(),
          ),
        },
        policyIn,
      ),
    bucket: (bucket, subresource) =>
      fetched(
        subresource === undefined ? 'HEAD' : 'GET',
        `/${encodeURIComponent(bucket)}`,
        { service: 's3', ...(subresource !== undefined && { query: { [subresource]: '' } }) },
        (text) => text,
      ),
    async troubles() {
      try {
        const answer = await fetch(new URL('/readyz', client.place.endpoint));
        const { troubles } = (await answer.json()) as { readonly troubles?: readonly string[] };
        return Array.isArray(troubles) ? troubles.map(String) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** Of the attributes of a topic. */
const policyIn = (xml: string): string =>
  textIn(/<key>Policy<\/key>\s*(<value>[^<]*<\/value>)/.exec(xml)?.[1] ?? '', 'value') ?? '';

/** Of a JSON or an XML error; an answer to HEAD has none, and its status must do. */
function codeOf(status: number, text: string): string {
  const type = /"(?:__type|code)"\s*:\s*"(?:[^"#]*#)?([^"]+)"/.exec(text)?.[1] ?? /<Code>([^<]*)/.exec(text)?.[1];
  return type ?? (status === 404 ? 'NotFound' : status === 403 ? 'AccessDenied' : `HTTP ${status}`);
}

const messageOf = (text: string): string =>
  /<Message>([^<]*)/.exec(text)?.[1] ?? /"[Mm]essage"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? '';
