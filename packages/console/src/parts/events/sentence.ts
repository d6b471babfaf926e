import { visible } from '../../ui/visible.ts';
import { type ActorKind, actorOf } from './identity.ts';
import { type AuditRecord, nameOfArn, objectOf, type RecordPath, textAt, textOf, valueAt } from './record.ts';
import { SENTENCES } from './sentences.ts';
import { pastOf, wordsOf } from './words.ts';

/** An event in plain words. The time is left to whoever shows it, who knows the reader's zone. */
export interface Sentence {
  /** `alice deleted bucket my-logs`; `alice tried to delete bucket my-logs`. */
  readonly what: string;
  /** `10.0.0.7`; '' where the record does not say, or an AWS service called. */
  readonly from: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** `refused with AccessDenied`; '' when all went well. */
  readonly end: string;
}

const REFUSED = /access.?denied|unauthori[sz]ed|not.?authorized|forbidden|authfailure|failed authentication/i;

export function sentenceOf(record: AuditRecord): Sentence {
  const outcome = outcomeOf(record);
  const special = specialOf(record);
  const address = textOf(record.sourceIPAddress);
  return {
    what: special ?? `${subjectOf(record)} ${phraseOf(record, outcome.outcome === 'done')}`,
    from:
      special !== undefined || /amazonaws\.com$|^AWS Internal/.test(address) ? '' : visible(address, NAME_CHARS_MAX),
    ...outcome,
  };
}

/** A sentence begins with a capital where it does not begin with a name. */
function subjectOf(record: AuditRecord): string {
  const { kind, name } = actorOf(record);
  const shown = visible(name, NAME_CHARS_MAX);
  return NAMELESS.has(kind) ? shown.charAt(0).toUpperCase() + shown.slice(1) : shown;
}

const NAMELESS: ReadonlySet<ActorKind> = new Set(['root', 'account', 'center']);

/** The sentence as one text, for titles and screen readers. */
export const printSentence = ({ what, from, end }: Sentence, time: string): string =>
  [what, from && ` from ${from}`, time && ` at ${time}`, end && `, ${end}`].join('');

function outcomeOf(record: AuditRecord): Pick<Sentence, 'outcome' | 'end'> {
  const code = textOf(record.errorCode);
  const message = textOf(record.errorMessage);
  const isFailure = Object.values(objectOf(record.responseElements)).includes('Failure');
  if (code === '' && message === '' && !isFailure) return { outcome: 'done', end: '' };
  const shown = visible(code || message, NAME_CHARS_MAX);
  const outcome = REFUSED.test(code) || REFUSED.test(message) ? 'refused' : 'failed';
  if (shown === '') return { outcome, end: outcome };
  return { outcome, end: code === '' ? `${outcome}: ${shown}` : `${outcome} with ${shown}` };
}

/** Events that nobody called for. */
function specialOf(record: AuditRecord): string | undefined {
  if (record.eventName === 'RuleMatched' && record.eventSource === 'opentrail.amazonaws.com') {
    const details = objectOf(record.serviceEventDetails);
    const [title, event] = [textOf(details.ruleTitle), textAt(details, 'matchedEvent.eventName')];
    const who = nameOfArn(textAt(details, 'matchedEvent.userIdentityArn'));
    return `Rule “${visible(title, NAME_CHARS_MAX)}” matched ${named(event)}${who && ` by ${named(who)}`}`;
  }
  const insight = objectOf(record.insightDetails);
  if (record.eventType !== 'AwsCloudTrailInsight' || insight.eventName === undefined) return undefined;
  const edge = insight.state === 'End' ? 'The end' : 'The start';
  return `${edge} of unusual activity: ${named(textOf(insight.eventName))}`;
}

function phraseOf(record: AuditRecord, isDone: boolean): string {
  const [verb, rest] = splitOnce(templateOf(record) ?? genericOf(record));
  return isDone ? `${pastOf(verb)}${rest}` : `tried to ${verb}${rest}`;
}

function splitOnce(phrase: string): readonly [string, string] {
  const space = phrase.indexOf(' ');
  return space < 0 ? [phrase, ''] : [phrase.slice(0, space), phrase.slice(space)];
}

function templateOf(record: AuditRecord): string | undefined {
  const bySource = SENTENCES[textOf(record.eventSource)];
  const name = textOf(record.eventName);
  if (!bySource || !Object.hasOwn(bySource, name)) return undefined;
  const parts = bySource[name]!.match(/\[[^\]]*\]|[^[]+/g)!.map((part) =>
    part.startsWith('[') ? (fill(part.slice(1, -1), record) ?? '') : fill(part, record),
  );
  return parts.includes(undefined) ? undefined : parts.join('');
}

/** undefined when a value is missing. */
function fill(template: string, record: AuditRecord): string | undefined {
  let isWhole = true;
  const filled = template.replace(/\{([^}|]+)(?:\|(\w+))?\}/g, (_all, path: string, cut?: string) => {
    const values = valuesFor(record, path).map((value) => named(cut === undefined ? value : CUTS[cut]!(value)));
    if (values.length === 0) isWhole = false;
    return values.length <= LISTED_MAX ? values.join(', ') : `${values[0]} and ${values.length - 1} others`;
  });
  return isWhole ? filled : undefined;
}

/** Names of a list that a sentence has room for. */
const LISTED_MAX = 3;

const CUTS: Readonly<Record<string, (value: string) => string>> = {
  name: nameOfArn,
  /** Secrets' ARNs end in `:secret:name-AbCdEf`; names have slashes of their own. */
  secret: (value) => (value.startsWith('arn:') ? value.split(':').slice(6).join(':') : value),
};

const SIDES: Readonly<Record<string, string>> = { q: 'requestParameters', r: 'responseElements' };

function valuesFor(record: AuditRecord, path: string): readonly string[] {
  if (path === 'resource') return textsAt(record, ['resources', '*', 'ARN']).slice(0, 1);
  const [side, ...rest] = path.split('.');
  return textsAt(side === 'e' ? record : record[SIDES[side!]!], rest);
}

/** Texts at the end of a path in which `*` is every item of a list. */
function textsAt(value: unknown, path: RecordPath): readonly string[] {
  const star = path.indexOf('*');
  if (star >= 0) {
    const items = valueAt(value, path.slice(0, star));
    return Array.isArray(items) ? items.flatMap((item) => textsAt(item, path.slice(star + 1))) : [];
  }
  const found = valueAt(value, path);
  return typeof found === 'string' && found !== '' ? [found] : [];
}

/**
 * Of the call's name: verb, what it was done to, and the name that the parameters give it. `PutBucketPolicy` with a bucketName
 * becomes `set policy of bucket my-logs`.
 */
function genericOf(record: AuditRecord): string {
  const [verb, noun] = wordsOf(textOf(record.eventName));
  const phrase = noun === '' ? verb : `${verb} ${noun}`;
  const found = nameFor(noun, objectOf(record.requestParameters)) ?? nameFor(noun, objectOf(record.responseElements));
  if (!found) return phrase;
  if (found.noun === noun || found.noun === '') return `${phrase} ${named(found.name)}`;
  return `${verb} ${noun.slice(found.noun.length + 1)} of ${found.noun} ${named(found.name)}`;
}

const SUFFIXES = ['Name', 'Id', 'ID', 'Arn', 'ARN', 'Identifier', ''] as const;

/** The longest beginning of the noun that a parameter names, then a bare `name`, `id` or `arn`. */
function nameFor(noun: string, parameters: AuditRecord): { readonly noun: string; readonly name: string } | undefined {
  const words = noun === '' ? [] : noun.split(' ');
  for (let count = words.length; count > 0; count--) {
    const begin = camel(words.slice(0, count));
    for (const suffix of SUFFIXES) {
      const name = nameIn(parameters, `${begin}${suffix}`);
      if (name !== undefined) return { noun: words.slice(0, count).join(' '), name };
    }
  }
  for (const key of ['name', 'id', 'arn', 'resourceArn', 'resourceId']) {
    const name = nameIn(parameters, key);
    if (name !== undefined) return { noun: '', name };
  }
  return undefined;
}

function nameIn(parameters: AuditRecord, key: string): string | undefined {
  const name = Object.keys(parameters).find((own) => own.toLowerCase() === key.toLowerCase());
  const value = name === undefined ? '' : textOf(parameters[name]);
  return value === '' ? undefined : value.startsWith('arn:') ? nameOfArn(value) : value;
}

const camel = (words: readonly string[]): string => words.join('').toLowerCase();

/** A headline shows the beginning of names that are longer. */
const NAME_CHARS_MAX = 100;

/** Names that could be taken for words of the sentence stand in quotes. */
function named(name: string): string {
  const shown = visible(name, NAME_CHARS_MAX);
  return /^[\w.@:/+=,#$~*…-]+$/.test(shown) ? shown : `“${shown}”`;
}
