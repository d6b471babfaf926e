import { json } from '../../api/client.ts';
import type { Tag } from '../access/iam.ts';

/** KMS's operations, as the pages of keys ask them. Keys are those of one Region. */

/** Keys that are described: a call each. */
const KEYS_MAX = 500;
/** So many at a time. */
const AT_ONCE = 8;
const PAGE_SIZE = 1000;

export interface KeyMetadata {
  readonly KeyId: string;
  readonly Arn: string;
  readonly CreationDate: number;
  readonly Description?: string;
  readonly Enabled: boolean;
  readonly KeyState: string;
  readonly KeyManager: 'AWS' | 'CUSTOMER';
  readonly KeySpec: string;
  readonly KeyUsage: string;
  readonly Origin: string;
  readonly MultiRegion?: boolean;
  readonly DeletionDate?: number;
}

export interface Key extends KeyMetadata {
  /** `alias/…` */
  readonly aliases: readonly string[];
  /** The aliases, as people say them; empty when it has none. */
  readonly name: string;
}

const named = (key: KeyMetadata, aliases: readonly string[] = []): Key => ({
  ...key,
  aliases,
  name: aliases.map((alias) => alias.replace(/^alias\//, '')).join(', '),
});

export interface Keys {
  readonly keys: readonly Key[];
  /** There are more than are shown. */
  readonly isCut: boolean;
}

interface Options {
  readonly region: string;
  readonly signal: AbortSignal;
}

export const describeKey = async (KeyId: string, options: Options): Promise<KeyMetadata> =>
  (await json<{ KeyMetadata: KeyMetadata }>('kms', 'DescribeKey', { KeyId }, options)).KeyMetadata;

export async function allKeys(options: Options): Promise<Keys> {
  const [ids, aliases] = await Promise.all([keyIds(options), aliasesByKey(options)]);
  const keys: Key[] = [];
  const asked = ids.slice(0, KEYS_MAX);
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    const described = await Promise.all(asked.slice(at, at + AT_ONCE).map((id) => describeKey(id, options)));
    keys.push(...described.map((key) => named(key, aliases.get(key.KeyId))));
  }
  return { keys, isCut: ids.length > KEYS_MAX };
}

interface KeyPage {
  readonly Keys?: readonly { readonly KeyId: string }[];
  readonly Truncated?: boolean;
  readonly NextMarker?: string;
}

/** One more than are shown tells that there are more. */
async function keyIds(options: Options): Promise<readonly string[]> {
  const ids: string[] = [];
  let Marker: string | undefined;
  do {
    const page: KeyPage = await json('kms', 'ListKeys', { Limit: PAGE_SIZE, ...(Marker && { Marker }) }, options);
    ids.push(...(page.Keys ?? []).map(({ KeyId }) => KeyId));
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined && ids.length <= KEYS_MAX);
  return ids;
}

interface AliasPage {
  readonly Aliases?: readonly { readonly AliasName: string; readonly TargetKeyId?: string }[];
}

async function aliasesByKey(options: Options, KeyId?: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const input = { Limit: 100, ...(KeyId && { KeyId }) };
  const { Aliases = [] } = await json<AliasPage>('kms', 'ListAliases', input, options);
  const found = new Map<string, string[]>();
  for (const { AliasName, TargetKeyId } of Aliases) {
    if (TargetKeyId === undefined) continue;
    found.set(TargetKeyId, [...(found.get(TargetKeyId) ?? []), AliasName]);
  }
  return found;
}

export async function getKey(KeyId: string, options: Options): Promise<Key> {
  const [key, aliases] = await Promise.all([describeKey(KeyId, options), aliasesByKey(options, KeyId)]);
  return named(key, aliases.get(key.KeyId));
}

export const keyPolicy = async (KeyId: string, options: Options): Promise<string> =>
  (await json<{ Policy: string }>('kms', 'GetKeyPolicy', { KeyId, PolicyName: 'default' }, options)).Policy;

export interface Rotation {
  readonly KeyRotationEnabled: boolean;
  readonly RotationPeriodInDays?: number;
  readonly NextRotationDate?: number;
}

export const rotationOf = (KeyId: string, options: Options): Promise<Rotation> =>
  json<Rotation>('kms', 'GetKeyRotationStatus', { KeyId }, options);

export interface Grant {
  readonly GrantId: string;
  readonly Name?: string;
  readonly GranteePrincipal?: string;
  readonly Operations?: readonly string[];
  readonly CreationDate?: number;
}

export const grantsOf = async (KeyId: string, options: Options): Promise<readonly Grant[]> =>
  (await json<{ Grants?: readonly Grant[] }>('kms', 'ListGrants', { KeyId, Limit: 100 }, options)).Grants ?? [];

export async function tagsOf(KeyId: string, options: Options): Promise<readonly Tag[]> {
  const answer = await json<{ Tags?: readonly { readonly TagKey: string; readonly TagValue: string }[] }>(
    'kms',
    'ListResourceTags',
    { KeyId },
    options,
  );
  return (answer.Tags ?? []).map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue }));
}
