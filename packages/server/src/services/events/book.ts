import type { Logger } from '../../base/logger.ts';
import type { CloudTrailFacts } from './envelope.ts';
import { compileInput, type InputMaker } from './input.ts';
import {
  type ApiDestination,
  type Archive,
  type Bus,
  type Connection,
  DEFAULT_BUS,
  type Place,
  type Rule,
  type Target,
} from './model.ts';
import { compilePattern, type EventMatcher, type Literals, literalsOf } from './patterns.ts';
import { type Definitions, defaultBus, type EventsStore } from './store.ts';
import { TargetError } from './target-error.ts';

/** A rule, ready to judge events and to make what its targets receive. */
export interface OpenRule {
  readonly rule: Rule;
  readonly matches: EventMatcher;
  readonly targets: ReadonlyMap<string, { readonly target: Target; readonly input: InputMaker }>;
}

export interface OpenArchive {
  readonly archive: Archive;
  readonly matches: EventMatcher;
}

/** Which rules and archives of a bus could want an event, by what is known of it before it is parsed. */
export interface Candidates {
  readonly rules: readonly OpenRule[];
  readonly archives: readonly OpenArchive[];
  /** Whether any rule takes management events that only read as well. */
  readonly takesReads: boolean;
}

export interface OpenBus {
  readonly bus: Bus;
  candidates(source: string, detailType: string | undefined, trail: CloudTrailFacts | undefined): Candidates;
}

/** All definitions in memory, compiled: what is asked for each event must not wait for State. */
export interface Book {
  bus(place: Place, name: string): OpenBus | undefined;
  rule(place: Place, bus: string, name: string): OpenRule | undefined;
  connection(place: Place, arn: string): Connection | undefined;
  destination(place: Place, arn: string): ApiDestination | undefined;
  /** Rules with a schedule that are enabled. */
  scheduled(): readonly Rule[];
  /** Whether a default bus has rules with patterns, or archives. */
  readonly isActive: boolean;
  archives(): readonly Archive[];
  places(): readonly Place[];
  /** Reads a place anew; resolves when all that was written before is in the book. */
  refresh(place: Place): Promise<void>;
}

interface Page {
  readonly place: Place;
  readonly definitions: Definitions;
  readonly buses: ReadonlyMap<string, OpenBus>;
  readonly rules: ReadonlyMap<string, OpenRule>;
  readonly isActive: boolean;
}

export async function openBook(read: Pick<EventsStore, 'all' | 'places'>, logger: Logger): Promise<Book> {
  const pages = new Map<string, Map<string, Page>>();
  const pageAt = ({ accountId, region }: Place) => pages.get(accountId)?.get(region);
  let last: Promise<unknown> = Promise.resolve();
  const refresh = (place: Place): Promise<void> => {
    const mine = last.then(async () => {
      const page = pageOf(place, await read.all(place), pageAt(place), logger);
      getOrMake(pages, place.accountId, () => new Map<string, Page>()).set(place.region, page);
    });
    last = mine.catch(() => {});
    return mine;
  };
  for (const place of await read.places()) await refresh(place);
  const all = () => [...pages.values()].flatMap((regions) => [...regions.values()]);
  return {
    bus: (place, name) => pageAt(place)?.buses.get(name),
    rule: (place, bus, name) => pageAt(place)?.rules.get(`${bus}/${name}`),
    connection: (place, arn) => pageAt(place)?.definitions.connection.find((one) => one.arn === arn),
    destination: (place, arn) => pageAt(place)?.definitions['api-destination'].find((one) => one.arn === arn),
    scheduled: () =>
      all().flatMap(({ definitions }) =>
        definitions.rule.filter(({ schedule, state }) => schedule !== undefined && state !== 'DISABLED'),
      ),
    get isActive() {
      return all().some(({ isActive }) => isActive);
    },
    archives: () => all().flatMap(({ definitions }) => definitions.archive),
    places: () => all().map(({ place }) => place),
    refresh,
  };
}

/** Rules that did not change are taken over as they are: compiling is done once a change. */
function pageOf(place: Place, definitions: Definitions, before: Page | undefined, logger: Logger): Page {
  const rules = new Map<string, OpenRule>();
  for (const rule of definitions.rule) {
    const key = `${rule.bus}/${rule.name}`;
    const known = before?.rules.get(key);
    const open =
      known?.rule.modifiedMs === rule.modifiedMs && known.rule.id === rule.id ? known : openRule(rule, logger);
    rules.set(key, open);
  }
  const named = [defaultBus(place), ...definitions.bus.filter(({ name }) => name !== DEFAULT_BUS)];
  const stored = new Map(definitions.bus.map((bus) => [bus.name, bus]));
  const buses = named.map(({ name, ...virtual }) => {
    const bus = stored.get(name) ?? { name, ...virtual };
    const own = [...rules.values()].filter(({ rule }) => rule.bus === name);
    const archives = definitions.archive
      .filter(({ busArn }) => busArn === bus.arn)
      .map((archive) => ({ archive, ...judge(archive.pattern, archive.arn, logger) }));
    return [name, openBus(bus, own, archives)] as const;
  });
  const isActive = definitions.archive.length > 0 || definitions.rule.some(({ pattern }) => pattern !== undefined);
  return { place, definitions, rules, buses: new Map(buses), isActive };
}

type Judged = { readonly matches: EventMatcher; readonly literals: Literals };

/** What was checked when it was stored compiles; should it not, it matches nothing and everything else goes on. */
function judge(pattern: string | undefined, arn: string, logger: Logger): Judged {
  if (pattern === undefined) return { matches: () => true, literals: {} };
  try {
    return { matches: compilePattern(pattern), literals: literalsOf(pattern) };
  } catch (error) {
    logger.error({ arn, err: error }, 'a stored event pattern cannot be read and matches nothing');
    return { matches: () => false, literals: { source: new Set() } };
  }
}

/** What was checked when it was put compiles; should it not, its events go to the dead-letter queue. */
function inputOf(target: Target): InputMaker {
  try {
    return compileInput(target);
  } catch (error) {
    return () => {
      throw new TargetError(
        'INVALID_PARAMETER',
        `The input cannot be made: ${error instanceof Error ? error.message : ''}`,
      );
    };
  }
}

function openRule(rule: Rule, logger: Logger): OpenRule & { readonly literals: Literals } {
  const targets = new Map(rule.targets.map((target) => [target.Id, { target, input: inputOf(target) }]));
  const { matches, literals } = judge(rule.pattern, rule.arn, logger);
  return { rule, matches, literals, targets };
}

/** Kinds of events whose candidates are remembered. More than all services' operations that a trail sees in practice. */
const REMEMBERED_MAX = 10_000;

function openBus(bus: Bus, own: readonly OpenRule[], archived: readonly OpenArchive[]): OpenBus {
  const active = own.filter(({ rule }) => {
    return rule.pattern !== undefined && rule.state !== 'DISABLED' && rule.targets.length > 0;
  });
  const work = (source: string, detailType: string | undefined, trail: CloudTrailFacts | undefined): Candidates => {
    const could = (judged: object) => mayMatch((judged as Judged).literals, source, detailType, trail);
    const rules = active.filter(could);
    return { rules, archives: archived.filter(could), takesReads: rules.some(({ rule }) => takesReadsOf(rule)) };
  };
  const remembered = new Map<string, Candidates>();
  /** Of records, by source, eventSource and eventName: asked for every one that a trail logs, so no key is put together. */
  const ofRecords = new Map<string, Map<string, Map<string, Candidates>>>();
  let records = 0;

  function forRecord(source: string, trail: CloudTrailFacts): Candidates {
    const { eventSource, eventName } = trail;
    const known = ofRecords.get(source)?.get(eventSource)?.get(eventName);
    if (known) return known;
    const made = work(source, undefined, trail);
    if (records++ >= REMEMBERED_MAX) {
      ofRecords.clear();
      records = 0;
    }
    const bySource = getOrMake(ofRecords, source, () => new Map<string, Map<string, Candidates>>());
    getOrMake(bySource, eventSource, () => new Map<string, Candidates>()).set(eventName, made);
    return made;
  }

  return {
    bus,
    candidates(source, detailType, trail) {
      if (trail) return forRecord(source, trail);
      const key = `${source}\0${detailType}`;
      const made = remembered.get(key) ?? work(source, detailType, undefined);
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(key, made);
      return made;
    },
  };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export const takesReadsOf = (rule: Rule): boolean => rule.state === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

function mayMatch(
  { source: sources, detailType: types, eventSource, eventName }: Literals,
  source: string,
  detailType: string | undefined,
  trail: CloudTrailFacts | undefined,
): boolean {
  if (sources?.has(source) === false) return false;
  if (detailType !== undefined && types?.has(detailType) === false) return false;
  if (!trail) return true;
  return eventSource?.has(trail.eventSource) !== false && eventName?.has(trail.eventName) !== false;
}
