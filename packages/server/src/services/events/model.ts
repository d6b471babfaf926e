/** Where a definition lives: accounts and Regions share nothing. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

interface Named extends Place {
  readonly name: string;
  readonly arn: string;
  /** ms since the epoch */
  readonly createdMs: number;
  readonly modifiedMs: number;
}

export interface Bus extends Named {
  readonly description?: string;
  /** Policy document, JSON. */
  readonly policy?: string;
  readonly deadLetterArn?: string;
  readonly tags: readonly Tag[];
}

export const RULE_STATES = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'] as const;
export type RuleState = (typeof RULE_STATES)[number];

export interface Rule extends Named {
  /** Changes when a rule is deleted and made again. */
  readonly id: string;
  readonly bus: string;
  /** The account's id at the time; EventBridge shows it as CreatedBy. */
  readonly createdBy: string;
  readonly state: RuleState;
  /** When a schedule was last set or enabled: `rate()` counts from here. */
  readonly enabledMs: number;
  readonly pattern?: string;
  readonly schedule?: string;
  readonly description?: string;
  readonly roleArn?: string;
  readonly tags: readonly Tag[];
  readonly targets: readonly Target[];
  /** The Log's end when it was enabled: it is for no record before. */
  readonly fromSequence: number;
}

/** As the API has it, without what is refused. */
export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly HttpParameters?: HttpParameters;
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number; readonly MaximumEventAgeInSeconds?: number };
}

export interface HttpParameters {
  /** Values for the `*`s in the endpoint's path, in order; each may be a JSON path into the event. */
  readonly PathParameterValues?: readonly string[];
  readonly HeaderParameters?: Readonly<Record<string, string>>;
  readonly QueryStringParameters?: Readonly<Record<string, string>>;
}

export const AUTHORIZATION_TYPES = ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'] as const;

export interface Connection extends Named {
  readonly description?: string;
  readonly authorizationType: (typeof AUTHORIZATION_TYPES)[number];
  readonly state: 'AUTHORIZED' | 'DEAUTHORIZED';
  readonly authorizedMs?: number;
  /** What DescribeConnection shows of it: no secret. */
  readonly shownAuth: Readonly<Record<string, unknown>>;
  /** All of it, sealed for `sealedPlace`; gone when it was deauthorized. */
  readonly sealedAuth?: string;
}

export const HTTP_METHODS = ['POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] as const;

export interface ApiDestination extends Named {
  readonly description?: string;
  readonly connectionArn: string;
  readonly endpoint: string;
  readonly method: (typeof HTTP_METHODS)[number];
  readonly ratePerSecond: number;
}

export interface Archive extends Named {
  readonly description?: string;
  readonly busArn: string;
  readonly pattern?: string;
  /** The Log's end when it was made. */
  readonly fromSequence: number;
  /** 0: for ever. */
  readonly retentionDays: number;
  /** Changes when an archive is deleted and made again, so that the old one's events stay gone. */
  readonly id: string;
}

export interface Replay extends Named {
  readonly description?: string;
  readonly archiveArn: string;
  readonly destinationArn: string;
  /** Rules that the events are for; empty: all. */
  readonly filterArns: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly stateReason?: string;
  /** The archive's last chunk that is done, and of the next one how many of its events. */
  readonly doneId: number;
  readonly lastEventMs?: number;
  readonly endedMs?: number;
}

export interface Kinds {
  readonly bus: Bus;
  readonly rule: Rule;
  readonly connection: Connection;
  readonly 'api-destination': ApiDestination;
  readonly archive: Archive;
  readonly replay: Replay;
}

export const DEFAULT_BUS = 'default';

const arn = ({ accountId, region }: Place, rest: string): string => `arn:aws:events:${region}:${accountId}:${rest}`;
export const busArn = (place: Place, name: string): string => arn(place, `event-bus/${name}`);
export const ruleArn = (place: Place, bus: string, name: string): string =>
  arn(place, `rule/${bus === DEFAULT_BUS ? '' : `${bus}/`}${name}`);
export const archiveArn = (place: Place, name: string): string => arn(place, `archive/${name}`);
export const replayArn = (place: Place, name: string): string => arn(place, `replay/${name}`);
/** @param id UUID, part of the ARNs of connections and API destinations */
export const connectionArn = (place: Place, name: string, id: string): string => arn(place, `connection/${name}/${id}`);
export const destinationArn = (place: Place, name: string, id: string): string =>
  arn(place, `api-destination/${name}/${id}`);

/** An ARN of EventBridge, taken apart; undefined when it is none. */
export function parseArn(
  text: string,
): (Place & { readonly kind: string; readonly name: string; readonly rest: readonly string[] }) | undefined {
  const found = /^arn:aws:events:([a-z0-9-]+):(\d{12}):([a-z-]+)\/(.+)$/.exec(text);
  if (!found) return undefined;
  const [name = '', ...rest] = found[4]!.split('/');
  return { region: found[1]!, accountId: found[2]!, kind: found[3]!, name, rest };
}

/** A bus by its name or ARN, as inputs have it. Default: the default bus. */
export function busOf(place: Place, nameOrArn: string | undefined): Place & { readonly name: string } {
  const parsed = nameOrArn === undefined ? undefined : parseArn(nameOrArn);
  if (parsed?.kind === 'event-bus') return { accountId: parsed.accountId, region: parsed.region, name: parsed.name };
  return { accountId: place.accountId, region: place.region, name: nameOrArn ?? DEFAULT_BUS };
}

/** `aws:SourceArn` and account of what a rule sends. */
export const actorOf = (rule: Rule) => ({
  service: 'events.amazonaws.com',
  sourceArn: rule.arn,
  sourceAccount: rule.accountId,
});

/** The mailbox of what is on its way to a target. */
export const targetBox = (rule: Pick<Rule, 'accountId' | 'region' | 'bus' | 'name'>, targetId: string): string =>
  `${TARGET_BOXES}${rule.accountId}/${rule.region}/${rule.bus}/${rule.name}/${targetId}`;
export const TARGET_BOXES = 'events/';

export const archiveBox = (archive: Archive): string =>
  `events-archive/${archive.accountId}/${archive.region}/${archive.name}/${archive.id}`;
