import type { SearchFilter } from '../../../api/search-language.ts';
import { allOf, anyOf, is, isIf, isOneOf } from '../../../parts/events/filters.ts';
import { type Actor, actorOf, actorOfArn, isSessionKey } from '../../../parts/events/identity.ts';
import { type AuditRecord, nameOfArn, objectOf, textAt, textOf, timeOf } from '../../../parts/events/record.ts';

/** One who acted, and how they came to the credentials that they acted with. */
export interface ChainLink {
  readonly actor: Actor;
  /** The record in which they appear. */
  readonly record: AuditRecord;
  /** The record of the call or sign-in that gave the credentials. */
  readonly via?: AuditRecord;
  /** Why nothing more is known before this, in a sentence; undefined at the beginning of a chain and where `via` goes on. */
  readonly missing?: string;
}

export interface RecordQuery {
  readonly filter: SearchFilter;
  readonly startMs: number;
  readonly endMs: number;
}
export type FindRecords = (query: RecordQuery) => Promise<readonly AuditRecord[]>;

/** More than anyone chains: it ends what goes round. */
const HOPS_MAX = 10;
/** The longest life of temporary credentials (GetSessionToken, GetFederationToken). */
const SESSION_MS_MAX = 36 * 3_600_000;
/** Records have times of whole seconds, by the clocks of different services. */
const CLOCKS_MS = 5 * 60_000;

/**
 * Who is behind a record: from who called, back through AssumeRole and its kin by the access key that they gave, to the
 * person, service or provider where it began. The nearest comes first.
 */
export async function followChain(record: AuditRecord, find: FindRecords): Promise<readonly ChainLink[]> {
  const links: ChainLink[] = [];
  const seen = new Set<string>();
  for (let at: AuditRecord | undefined = record; at !== undefined; ) {
    const link: ChainLink = await linkOf(at, find);
    links.push(link);
    seen.add(textOf(at.eventID));
    const goesOn = link.via && isGrant(link.via) && links.length < HOPS_MAX && !seen.has(textOf(link.via.eventID));
    at = goesOn ? link.via : undefined;
    const from = at ? '' : textAt(link.via, SWITCHED_FROM);
    if (from !== '') links.push({ actor: actorOfArn(from), record: link.via! });
  }
  return links;
}

/** Of SwitchRole: who one was before. */
const SWITCHED_FROM = 'additionalEventData.SwitchFrom';

async function linkOf(record: AuditRecord, find: FindRecords): Promise<ChainLink> {
  const actor = actorOf(record);
  if (actor.kind === 'account') {
    const fuller = await ownCopy(record, find);
    return fuller ? linkOf(fuller, find) : { actor, record, missing: elsewhere(actor) };
  }
  // The record of a switch itself says all.
  if (textAt(record, SWITCHED_FROM) !== '') return { actor, record, via: record };
  const isSession = isSessionKey(actor.accessKeyId) || actor.kind === 'role-session';
  if (!isSession && actor.since === '') return { actor, record };
  const via = (await grantOf(record, actor, find)) ?? (await signInOf(record, actor, find));
  return via ? { actor, record, via } : { actor, record, missing: unknownOrigin(actor) };
}

/** Calls that give credentials, and name the key that they give. */
const isGrant = (record: AuditRecord): boolean => textAt(record, 'responseElements.credentials.accessKeyId') !== '';

async function grantOf(record: AuditRecord, { accessKeyId, since }: Actor, find: FindRecords) {
  if (!isSessionKey(accessKeyId)) return undefined;
  const endMs = timeOf(record) + CLOCKS_MS;
  const startMs = (beginningMs(record, since) ?? timeOf(record) - SESSION_MS_MAX) - CLOCKS_MS;
  const sources = isOneOf('eventSource', ['sts.amazonaws.com', 'signin.amazonaws.com']);
  const filter = allOf([sources, is('responseElements.credentials.accessKeyId', accessKeyId)])!;
  const found = (await find({ filter, startMs, endMs })).filter(
    (one) => textAt(one, 'responseElements.credentials.accessKeyId') === accessKeyId && one.eventID !== record.eventID,
  );
  // A call between accounts is recorded in both; the caller's own says who it was.
  return found.find((one) => actorOf(one).kind !== 'account') ?? found[0];
}

/** Sign-in gives no key that its record names: it is told by who, and when the session began. */
async function signInOf(record: AuditRecord, { arn, principalId, since, kind }: Actor, find: FindRecords) {
  const beganMs = beginningMs(record, since);
  const who = anyOf(isIf('userArn', arn), isIf('principalId', principalId));
  if (beganMs === undefined || !who || record.eventSource === 'signin.amazonaws.com') return undefined;
  const names = kind === 'role-session' ? ['SwitchRole', 'ConsoleLogin'] : ['ConsoleLogin'];
  const filter = allOf([is('eventSource', 'signin.amazonaws.com'), isOneOf('eventName', names), who])!;
  const found = await find({ filter, startMs: beganMs - CLOCKS_MS, endMs: beganMs + CLOCKS_MS });
  const done = found.filter((one) => Object.values(objectOf(one.responseElements)).includes('Success'));
  const distance = (one: AuditRecord) => Math.abs(timeOf(one) - beganMs);
  return [...done].sort((a, b) => distance(a) - distance(b))[0];
}

/** When a session began; undefined where the record does not say, or says what cannot be: it is hostile input. */
function beginningMs(record: AuditRecord, since: string): number | undefined {
  // Older records have 20131102T010628Z.
  const beganMs = Date.parse(since.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const timeMs = timeOf(record);
  const isPossible = beganMs <= timeMs + CLOCKS_MS && beganMs >= timeMs - SESSION_MS_MAX - CLOCKS_MS;
  return isPossible ? beganMs : undefined;
}

/** The same call as the caller's own account recorded it. */
async function ownCopy(record: AuditRecord, find: FindRecords): Promise<AuditRecord | undefined> {
  const shared = textOf(record.sharedEventID);
  if (shared === '') return undefined;
  const timeMs = timeOf(record);
  const copies = await find({
    filter: is('sharedEventId', shared),
    startMs: timeMs - CLOCKS_MS,
    endMs: timeMs + CLOCKS_MS,
  });
  return copies.find((one) => one.sharedEventID === shared && actorOf(one).kind !== 'account');
}

const elsewhere = ({ accountId }: Actor): string =>
  `Who it was is in the log of account ${accountId || 'another account'}: you may not see it, or it has no such record.`;

/** Who is behind it in a line: `alice, as deploy, as admin`. The nearest link comes first. */
export function chainText(links: readonly ChainLink[]): string {
  const first = links.at(-1);
  const isKnown = first?.missing === undefined;
  const roles = (isKnown ? links.slice(0, -1) : [...links]).reverse();
  if (!first || roles.length === 0) return '';
  const begin = isKnown ? first.actor.name : 'Somebody unknown';
  return [begin, ...roles.map(({ actor }) => `as ${nameOfArn(actor.issuerArn) || actor.name}`)].join(', ');
}

function unknownOrigin({ kind, accessKeyId, issuerArn, arn }: Actor): string {
  const with_ = accessKeyId === '' ? '' : ` with key ${accessKeyId}`;
  const why = 'The record may be older than what is kept, or in an account that you may not see.';
  if (kind === 'role-session') {
    return `No record says who assumed role ${nameOfArn(issuerArn) || nameOfArn(arn.replace(/\/[^/]*$/, ''))}${with_}. ${why}`;
  }
  return `No record says how this session began${with_}. ${why}`;
}
