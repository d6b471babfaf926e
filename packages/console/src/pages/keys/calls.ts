import { json } from '../../api/client.ts';
import type { Listed } from '../../api/pages.ts';
import type { Tag } from '../../parts/access/iam.ts';

/** KMS's operations, as the pages of keys ask them. Keys are those of one Region. */

/** Keys that are described: a call each. */
const KEYS_MAX = 500;
/** As many as a page can be read of. */
const GRANTS_MAX = 1000;
/** So many at a time. */
const AT_ONCE = 8;
/** A key may have several; past it they are shown without. */
const ALIASES_MAX = 2000;

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

interface Options {
  readonly region: string;
  readonly signal: AbortSignal;
}

export const describeKey = async (KeyId: string, options: Options): Promise<KeyMetadata> =>
  (await json<{ KeyMetadata: KeyMetadata }>('kms', 'DescribeKey', { KeyId }, options)).KeyMetadata;

/** Of two calls at once, what the first is refused is told, whichever answer comes sooner. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

export async function allKeys(options: Options): Promise<Listed<Key>> {
  const [ids, aliases] = await both(keyIds(options), aliasesByKey(options));
  const keys: Key[] = [];
  const asked = ids.slice(0, KEYS_MAX);
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    const described = await Promise.all(asked.slice(at, at + AT_ONCE).map((id) => describeKey(id, options)));
    keys.push(...described.map((key) => named(key, aliases.get(key.KeyId))));
  }
  return { items: keys, isCut: ids.length > KEYS_MAX };
}

interface PageOf {
  readonly Truncated?: boolean;
  readonly NextMarker?: string;
}

/** Page by page, until there are enough. */
async function listed<P extends PageOf, T>(
  operation: string,
  input: object,
  itemsOf: (page: P) => readonly T[] | undefined,
  max: number,
  options: Options,
): Promise<readonly T[]> {
  const items: T[] = [];
  let Marker: string | undefined;
  do {
    const page: P = await json('kms', operation, { ...input, ...(Marker && { Marker }) }, options);
    items.push(...(itemsOf(page) ?? []));
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined && items.length <= max);
  return items;
}

interface KeyPage extends PageOf {
  readonly Keys?: readonly { readonly KeyId: string }[];
}

/** One more than are shown tells that there are more. */
async function keyIds(options: Options): Promise<readonly string[]> {
  const keys = await listed('ListKeys', { Limit: 1000 }, ({ Keys }: KeyPage) => Keys, KEYS_MAX, options);
  return keys.map(({ KeyId }) => KeyId);
}

interface AliasPage extends PageOf {
  readonly Aliases?: readonly { readonly AliasName: string; readonly TargetKeyId?: string }[];
}

async function aliasesByKey(options: Options, KeyId?: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const input = { Limit: 100, ...(KeyId && { KeyId }) };
  const aliases = await listed('ListAliases', input, ({ Aliases }: AliasPage) => Aliases, ALIASES_MAX, options);
  const found = new Map<string, string[]>();
  for (const { AliasName, TargetKeyId } of aliases) {
    if (TargetKeyId === undefined) continue;
    found.set(TargetKeyId, [...(found.get(TargetKeyId) ?? []), AliasName]);
  }
  return found;
}

export async function getKey(KeyId: string, options: Options): Promise<Key> {
  const [key, aliases] = await both(describeKey(KeyId, options), aliasesByKey(options, KeyId));
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

interface GrantPage extends PageOf {
  readonly Grants?: readonly Grant[];
}

export const grantsOf = (KeyId: string, options: Options): Promise<readonly Grant[]> =>
  listed('ListGrants', { KeyId, Limit: 100 }, ({ Grants }: GrantPage) => Grants, GRANTS_MAX, options);

export async function tagsOf(KeyId: string, options: Options): Promise<readonly Tag[]> {
  const answer = await json<{ Tags?: readonly { readonly TagKey: string; readonly TagValue: string }[] }>(
    'kms',
    'ListResourceTags',
    { KeyId },
    options,
  );
  return (answer.Tags ?? []).map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue }));
}
