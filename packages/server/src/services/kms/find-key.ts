import type { AwsError } from '../../base/errors.ts';
import type { State } from '../../ports/state.ts';
import { kmsError } from './errors.ts';
import { ALIAS, type Alias, aliasArn, aliasKey, getKey, type KeyEntry, type KeyPlace, keyArn } from './key.ts';

/** A key that a request names, and how. */
export interface FoundKey {
  readonly entry: KeyEntry;
  /** The alias by which it was named, `alias/…`. */
  readonly alias?: string;
}

export interface FindOptions {
  readonly state: State;
  /** Who asks, and in which Region. */
  readonly place: KeyPlace;
  /** Whether aliases are taken too, as by operations on data and DescribeKey. */
  readonly aliases: boolean;
  /** What a broken ARN is called: operations on data call it NotFoundException. */
  readonly badArn: 'InvalidArnException' | 'NotFoundException';
  /** Makes the AWS managed key of an `alias/aws/…` that has none yet. */
  readonly makeManaged: (place: KeyPlace, alias: string) => Promise<void>;
}

/** A key named by id, ARN, alias or alias ARN, taken apart. */
interface Reference extends KeyPlace {
  readonly name: string;
  readonly isAlias: boolean;
}

const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]{1,32}):(\d{12}):(?:key\/([^/:]+)|(alias\/.+))$/;
const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const ALIAS_NAME = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;

/**
 * The key that a request names.
 * @throws AwsError NotFoundException, InvalidArnException; AccessDeniedException for another account's that is not there
 */
export async function findKey(options: FindOptions, text: string): Promise<FoundKey> {
  const reference = readReference(options, text);
  const keyId = reference.isAlias ? await keyIdOf(options, reference) : reference.name;
  const entry = await getKey(options.state, reference, keyId);
  if (!entry) throw absent(options, reference, `Key '${keyArn({ ...reference, keyId })}' does not exist`);
  return { entry, ...(reference.isAlias && { alias: reference.name }) };
}

function readReference({ place, aliases, badArn }: FindOptions, text: string): Reference {
  const reference = parseReference(place, text);
  if (!reference) {
    const isArn = text.startsWith('arn:');
    throw kmsError(isArn ? badArn : 'NotFoundException', `Invalid ${isArn ? 'arn' : 'keyId'} ${shown(text)}`);
  }
  if (reference.isAlias && !aliases) {
    const code = text.startsWith('arn:') ? badArn : 'NotFoundException';
    throw kmsError(code, `Invalid keyId ${shown(text)}: this operation takes a key id or key ARN, no alias`);
  }
  if (reference.region !== place.region) throw kmsError('NotFoundException', `Invalid arn ${reference.region}`);
  return reference;
}

/** undefined when the text can name no key. */
function parseReference(place: KeyPlace, text: string): Reference | undefined {
  const [whole, region, accountId, keyId, alias] = ARN.exec(text) ?? [];
  const name = whole === undefined ? text : (keyId ?? alias)!;
  const isAlias = name.startsWith(ALIAS);
  if (!(isAlias ? ALIAS_NAME : KEY_ID).test(name)) return undefined;
  return { region: region ?? place.region, accountId: accountId ?? place.accountId, name, isAlias };
}

async function keyIdOf(options: FindOptions, reference: Reference): Promise<string> {
  const key = aliasKey(reference, reference.name);
  let alias = await options.state.get<Alias>(key);
  if (!alias && reference.name.startsWith(`${ALIAS}aws/`) && reference.accountId === options.place.accountId) {
    await options.makeManaged(reference, reference.name);
    alias = await options.state.get<Alias>(key);
  }
  if (!alias) throw absent(options, reference, `Alias ${aliasArn(reference, reference.name)} is not found.`);
  return alias.value.keyId;
}

/** To strangers, what is not there looks like what they may not use. */
function absent({ place }: FindOptions, { accountId }: KeyPlace, message: string): AwsError {
  if (accountId === place.accountId) return kmsError('NotFoundException', message);
  return kmsError('AccessDeniedException', HIDDEN);
}

export const HIDDEN =
  'The key does not exist, or not in this Region, or no resource-based policy allows access to it, or one denies it.';

const shown = (text: string): string => `'${text.slice(0, 256)}'`;
