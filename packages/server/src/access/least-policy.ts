import { actionsOf } from './actions.ts';

/** What of a record a policy is made from. Nothing about a record's members is certain. */
export interface PolicyEvent {
  readonly eventSource?: unknown;
  readonly eventName?: unknown;
  readonly errorCode?: unknown;
  readonly requestParameters?: unknown;
  readonly resources?: unknown;
  readonly eventType?: unknown;
}

export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** How a service says that a call was not allowed; what was refused is not what a policy should grant. */
const DENIED =
  /^(?:Client\.)?(?:AccessDenied|AccessDeniedException|UnauthorizedOperation|Unauthorized|AuthorizationError|ForbiddenException|NotAuthorized|AllAccessDisabled)$/;

/** Collects calls and makes of them the least policy that covers them. */
export class LeastPolicy {
  /** Actions → resources that they were used on. */
  readonly #used = new Map<string, Set<string>>();
  readonly #denied = new Set<string>();
  #calls = 0;

  /** Takes one record; denied calls are noted, not granted. */
  add(event: PolicyEvent): void {
    const { eventSource, eventName, errorCode, eventType } = event;
    if (typeof eventSource !== 'string' || typeof eventName !== 'string') return;
    if (eventType !== undefined && eventType !== 'AwsApiCall') return;
    const actions = actionsOf(eventSource, eventName);
    if (typeof errorCode === 'string' && DENIED.test(errorCode)) {
      for (const action of actions) this.#denied.add(action);
      return;
    }
    this.#calls++;
    for (const action of actions) for (const resource of resourcesOf(event, action)) this.#use(action, resource);
    for (const role of passedRoles(event)) this.#use('iam:PassRole', role);
  }

  /** Calls that the policy covers. */
  get calls(): number {
    return this.#calls;
  }

  /** Actions that were tried and refused, and that the policy does not allow. */
  get denied(): readonly string[] {
    return [...this.#denied].filter((action) => !this.#used.has(action)).sort();
  }

  /** Actions with the same resources share a statement; all in alphabetical order. */
  document(): PolicyDocument {
    const statements = new Map<string, { actions: string[]; resources: string[] }>();
    for (const [action, used] of [...this.#used].sort(byName)) {
      const resources = used.has('*') ? ['*'] : [...used].sort();
      const key = resources.join('\n');
      const statement = statements.get(key);
      if (statement) statement.actions.push(action);
      else statements.set(key, { actions: [action], resources });
    }
    return {
      Version: '2012-10-17',
      Statement: [...statements.values()].map(({ actions, resources }) => ({
        Effect: 'Allow',
        Action: actions,
        Resource: resources,
      })),
    };
  }

  #use(action: string, resource: string): void {
    const known = this.#used.get(action);
    if (known) known.add(resource);
    else this.#used.set(action, new Set([resource]));
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

const ARN = /^arn:[\w-]+:([\w-]+):[^:]*:[^:]*:.+$/;
/** Actions of S3 on a bucket have the bucket for resource, even when the record names an object or prefix too. */
const ON_BUCKET = /^s3:(?:ListBucket|ListBucketVersions|ListBucketMultipartUploads|.*Bucket.*|.*Configuration)$/;
const S3_OBJECT = /^arn:[\w-]+:s3:::[^/]+\/./;

/** The ARNs that the record itself names for the action's service; `*` when it names none. */
function resourcesOf({ resources, requestParameters }: PolicyEvent, action: string): string[] {
  const listed = Array.isArray(resources) ? resources.flatMap(arnOf) : [];
  const [service = ''] = action.split(':');
  const named = listed.length > 0 ? listed : arnsIn(requestParameters);
  const own = named.filter((arn) => serviceOf(arn) === ARN_SERVICE[service] || serviceOf(arn) === service);
  const fitting = service === 's3' ? own.filter((arn) => S3_OBJECT.test(arn) !== ON_BUCKET.test(action)) : own;
  return fitting.length > 0 ? [...new Set(fitting)] : ['*'];
}

/** The service part of ARNs, where it is not the prefix of actions. */
const ARN_SERVICE: Readonly<Record<string, string>> = { sts: 'iam' };

const serviceOf = (arn: string): string => ARN.exec(arn)?.[1] ?? '';

function arnOf(entry: unknown): string[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { ARN: arn, ARNPrefix: prefix } = entry as { ARN?: unknown; ARNPrefix?: unknown };
  if (typeof arn === 'string' && ARN.test(arn)) return [arn];
  return typeof prefix === 'string' && ARN.test(prefix) ? [`${prefix}*`] : [];
}

/** Only the members at the top are what a call is about; deeper ones are what it says of it. */
function arnsIn(parameters: unknown): string[] {
  if (typeof parameters !== 'object' || parameters === null) return [];
  return Object.values(parameters).filter((value): value is string => typeof value === 'string' && ARN.test(value));
}

const ROLE = /^arn:[\w-]+:iam::\d{12}:role\/.+$/;
const NOT_PASSING: ReadonlySet<string> = new Set(['iam.amazonaws.com', 'sts.amazonaws.com']);

/** Handing a role to a service asks for iam:PassRole on it. */
function passedRoles({ eventSource, requestParameters, errorCode }: PolicyEvent): string[] {
  if (NOT_PASSING.has(eventSource as string) || errorCode !== undefined) return [];
  return arnsIn(requestParameters).filter((arn) => ROLE.test(arn));
}
