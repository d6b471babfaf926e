import { json, query, s3, s3Path, s3Xml } from '../../api/client.ts';
import { ApiError } from '../../api/error.ts';
import { listOf } from '../../api/xml.ts';
import type { Stretch } from '../../parts/trails/health.ts';
import type { Tag, Trail } from '../../parts/trails/trail.ts';
import { type FolderPage, folderPage } from './logic/listing.ts';
import type { SelectorsAnswer } from './logic/selectors.ts';

/** AWS's operations, as the trail pages ask them. A trail is asked about where its home is. */

export async function getTrail(arn: string, region: string, signal: AbortSignal): Promise<Trail> {
  return (await json<{ Trail: Trail }>('cloudtrail', 'GetTrail', { Name: arn }, { region, signal })).Trail;
}

export const getSelectors = ({ TrailARN, HomeRegion }: Trail, signal: AbortSignal): Promise<SelectorsAnswer> =>
  json<SelectorsAnswer>('cloudtrail', 'GetEventSelectors', { TrailName: TrailARN }, { region: HomeRegion, signal });

export async function getTags({ TrailARN, HomeRegion }: Trail, signal: AbortSignal): Promise<readonly Tag[]> {
  const answer = await json<{ ResourceTagList?: readonly { readonly TagsList?: readonly Tag[] }[] }>(
    'cloudtrail',
    'ListTags',
    { ResourceIdList: [TrailARN] },
    { region: HomeRegion, signal },
  );
  return answer.ResourceTagList?.[0]?.TagsList ?? [];
}

/** Puts a trail's tags in place: what is new or other is added, what is gone removed. */
export async function putTags({ TrailARN, HomeRegion: region }: Trail, before: readonly Tag[], tags: readonly Tag[]) {
  const changed = tags.filter(
    ({ Key, Value }) => !before.some((b) => b.Key === Key && (b.Value ?? '') === (Value ?? '')),
  );
  const gone = before.filter(({ Key }) => !tags.some((t) => t.Key === Key));
  const call = (operation: string, TagsList: readonly Tag[]) =>
    json('cloudtrail', operation, { ResourceId: TrailARN, TagsList }, { region });
  if (gone.length > 0)
    await call(
      'RemoveTags',
      gone.map(({ Key }) => ({ Key })),
    );
  if (changed.length > 0) await call('AddTags', changed);
}

/** Whether the Event history has something of this stretch. */
export async function hasEvents(
  { HomeRegion: region }: Trail,
  stretch: Stretch,
  signal: AbortSignal,
): Promise<boolean> {
  const input = { ...stretch, MaxResults: 1 };
  const { Events = [] } = await json<{ Events?: readonly unknown[] }>('cloudtrail', 'LookupEvents', input, {
    region,
    signal,
  });
  return Events.length > 0;
}

/** StartLogging, StopLogging, DeleteTrail. */
export const actOn = ({ TrailARN, HomeRegion }: Trail, operation: 'StartLogging' | 'StopLogging' | 'DeleteTrail') =>
  json<unknown>('cloudtrail', operation, { Name: TrailARN }, { region: HomeRegion });

/** Keys of one page of a folder. */
const FOLDER_PAGE_KEYS = 200;

export async function listFolder(
  bucket: string,
  folder: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<FolderPage> {
  const query = {
    'list-type': 2,
    'encoding-type': 'url',
    delimiter: '/',
    prefix: folder,
    'max-keys': FOLDER_PAGE_KEYS,
    'continuation-token': token,
  };
  return folderPage(await s3Xml('GET', s3Path(bucket), { query, signal }), folder);
}

/** An object's own bytes: log files say that they are gzip, and browsers inflate what says so behind one's back. */
export const getFile = (bucket: string, key: string, signal?: AbortSignal): Promise<Response> =>
  s3('GET', s3Path(bucket, key), {
    query: { 'response-content-encoding': 'identity' },
    ...(signal && { signal }),
  });

/** Names of the caller's buckets. */
export async function listBuckets(signal: AbortSignal): Promise<readonly string[]> {
  const answer = await s3Xml<{ Buckets?: { Bucket?: unknown } | string }>('GET', '/', { signal });
  const buckets = typeof answer.Buckets === 'object' ? answer.Buckets.Bucket : undefined;
  return listOf<{ readonly Name: string }>(buckets).map(({ Name }) => Name);
}

export interface KeyChoice {
  readonly arn: string;
  readonly id: string;
  readonly alias?: string;
}

/** Keys of the Region, with their names; AWS's own keys cannot encrypt log files. */
export async function listKeys(region: string, signal: AbortSignal): Promise<readonly KeyChoice[]> {
  const options = { region, signal };
  const [{ Keys = [] }, { Aliases = [] }] = await Promise.all([
    json<{ Keys?: readonly { KeyArn: string; KeyId: string }[] }>('kms', 'ListKeys', { Limit: 1000 }, options),
    json<{ Aliases?: readonly { AliasName: string; TargetKeyId?: string }[] }>(
      'kms',
      'ListAliases',
      { Limit: 100 },
      options,
    ),
  ]);
  const names = new Map(Aliases.map(({ AliasName, TargetKeyId }) => [TargetKeyId, AliasName]));
  return Keys.map(({ KeyArn, KeyId }) => {
    const alias = names.get(KeyId);
    return { arn: KeyArn, id: KeyId, ...(alias !== undefined && { alias }) };
  }).filter(({ alias }) => !alias?.startsWith('alias/aws/'));
}

export async function listLogGroups(region: string, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await json<{ logGroups?: readonly { logGroupName: string }[] }>(
    'logs',
    'DescribeLogGroups',
    {},
    { region, signal },
  );
  return (answer.logGroups ?? []).map(({ logGroupName }) => logGroupName);
}

/** ARNs of roles. */
export async function listRoles(signal: AbortSignal): Promise<readonly string[]> {
  const { Roles } = await query<{ Roles?: unknown }>('iam', 'ListRoles', { MaxItems: 1000 }, { signal });
  return listOf<{ readonly Arn: string }>(Roles).map(({ Arn }) => Arn);
}

/** A resource's policy; undefined when it has none. */
export async function bucketPolicy(bucket: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await (await s3('GET', s3Path(bucket), { query: { policy: '' }, signal })).text();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NoSuchBucketPolicy') return undefined;
    throw error;
  }
}

export async function topicPolicy(topic: string, region: string, signal: AbortSignal): Promise<string | undefined> {
  const { Attributes } = await query<{ Attributes?: unknown }>(
    'sns',
    'GetTopicAttributes',
    { TopicArn: topic },
    { region, signal },
  );
  const entries = listOf<{ readonly key: string; readonly value: string }>(Attributes);
  return entries.find(({ key }) => key === 'Policy')?.value;
}

export async function keyPolicy(KeyId: string, region: string, signal: AbortSignal): Promise<string | undefined> {
  const input = { KeyId, PolicyName: 'default' };
  return (await json<{ Policy?: string }>('kms', 'GetKeyPolicy', input, { region, signal })).Policy;
}

/** The id of the organization that the caller's account manages; undefined where it does not, or may not see it. */
export async function managedOrganization(accountId: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { Organization } = await json<{ Organization: { Id: string; MasterAccountId: string } }>(
      'organizations',
      'DescribeOrganization',
      {},
      { signal },
    );
    return Organization.MasterAccountId === accountId ? Organization.Id : undefined;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
