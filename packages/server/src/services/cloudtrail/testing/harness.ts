import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { seededRandom } from '../../../base/random.ts';
import type { HistoryHit, HistoryQuery } from '../../../ports/history.ts';
import { type Objects, ObjectsError, type ObjectToPut, type ServiceCaller } from '../../../ports/objects.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import type { State } from '../../../ports/state.ts';
import type { ServiceSchema } from '../../../schema/types.ts';
import type { CallContext } from '../../../wire/service.ts';
import type { CloudTrailDeps, PublicKeyInfo } from '../deps.ts';
import { cloudTrailService } from '../index.ts';

export const ACCOUNT = '123456789012';
export const HOME = 'us-east-1';
export const AWAY = 'eu-west-1';

/** Buckets in memory: those that exist, what was put, and what the policy of each refuses. */
export class FakeObjects implements Objects {
  readonly buckets = new Set(['logs', 'other-logs']);
  readonly puts: { caller: ServiceCaller; object: ObjectToPut }[] = [];
  readonly refusals = new Map<'acl' | 'put' | 'key', ObjectsError>();

  async checkBucketAcl(_caller: ServiceCaller, bucket: string): Promise<void> {
    this.#check('acl', bucket);
  }
  async put(caller: ServiceCaller, object: ObjectToPut): Promise<void> {
    this.#check('put', object.bucket);
    this.puts.push({ caller, object });
  }
  async checkKey(_caller: ServiceCaller, bucket: string, kmsKeyId: string): Promise<string> {
    this.#check('key', bucket);
    return kmsKeyId;
  }
  #check(what: 'acl' | 'put' | 'key', bucket: string): void {
    if (!this.buckets.has(bucket)) throw new ObjectsError('NoSuchBucket', 'The specified bucket does not exist');
    const refusal = this.refusals.get(what);
    if (refusal) throw refusal;
  }
}

/** History in memory, as the port's contract has it: newest first, `after` exclusive. */
export class FakeHistory {
  readonly queries: HistoryQuery[] = [];
  hits: HistoryHit[] = [];

  async lookup(query: HistoryQuery) {
    this.queries.push(query);
    const order = (a: { timeMs: number; sequence: number }, b: { timeMs: number; sequence: number }) =>
      b.timeMs - a.timeMs || b.sequence - a.sequence;
    const rest = [...this.hits].sort(order).filter((h) => query.after === undefined || order(query.after, h) < 0);
    const page = rest.slice(0, query.limit);
    const last = page.at(-1);
    return {
      hits: page,
      ...(rest.length > page.length && last ? { next: { timeMs: last.timeMs, sequence: last.sequence } } : {}),
    };
  }
}

const SCHEMA: ServiceSchema = {
  id: 'cloudtrail',
  version: '2013-11-01',
  protocols: ['awsJson1_1'],
  signingName: 'cloudtrail',
  operations: {},
  shapes: {},
};

// biome-ignore lint/suspicious/noExplicitAny: a test looks into outputs of every operation
type Output = any;

export interface CallAs {
  readonly region?: string;
  readonly accountId?: string;
  readonly requestId?: string;
  readonly timeMs?: number;
}

export interface Harness {
  readonly clock: FakeClock;
  readonly state: State;
  readonly objects: FakeObjects;
  readonly history: FakeHistory;
  /** The Log's end; tests move it to stand for appended events. */
  readonly log: { end: number };
  readonly changes: { count: number };
  keys: PublicKeyInfo[];
  /** Runs an operation as the pipeline does: authorize, then the handler. */
  call(operation: string, input?: object, as?: CallAs): Promise<Output>;
  /** What the call answers with instead of succeeding: `[code, message]`. */
  refusal(operation: string, input?: object, as?: CallAs): Promise<[string, string]>;
}

/** The service over everything in memory, at 2026-01-01T00:00:00Z. */
export function createHarness(
  options: Partial<Pick<CloudTrailDeps, 'rateQuotas' | 'regions' | 'state' | 'organizations'>> = {},
): Harness {
  const h = {
    clock: new FakeClock(),
    state: options.state ?? memoryState(),
    objects: new FakeObjects(),
    history: new FakeHistory(),
    log: { end: 100 },
    changes: { count: 0 },
    keys: [] as PublicKeyInfo[],
  };
  const service = cloudTrailService({
    ...h,
    schema: SCHEMA,
    random: seededRandom('cloudtrail'),
    trailsChanged: () => {
      h.changes.count++;
    },
    publicKeys: async () => harness.keys,
    regions: options.regions ?? [HOME, AWAY],
    rateQuotas: options.rateQuotas ?? false,
    ...(options.organizations && { organizations: options.organizations }),
  });
  const harness: Harness = {
    ...h,
    async call(operation, input = {}, as = {}) {
      const context = contextOf(operation, { timeMs: h.clock.now(), ...as });
      await service.authorize?.(context, { ...input });
      const handler = service.operations[operation];
      if (!handler) throw service.notImplemented!(operation);
      return handler(context, input);
    },
    async refusal(operation, input, as) {
      try {
        await harness.call(operation, input, as);
      } catch (error) {
        if (error instanceof AwsError) return [error.code, error.message];
        throw error;
      }
      throw new Error(`${operation} was not refused`);
    },
  };
  return harness;
}

export function contextOf(operation: string, as: CallAs = {}): CallContext {
  const accountId = as.accountId ?? ACCOUNT;
  const arn = `arn:aws:iam::${accountId}:user/alice`;
  return {
    operation,
    caller: {
      anonymous: false,
      accountId,
      arn,
      identity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn, accountId, userName: 'alice' },
      principal: { kind: 'user', name: 'alice' },
    },
    region: as.region ?? HOME,
    requestId: as.requestId ?? '11111111-2222-4333-8444-555555555555',
    timeMs: as.timeMs ?? 0,
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'localhost', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  };
}
