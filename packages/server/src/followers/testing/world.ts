import { createHash, generateKeyPairSync } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { AwsError, assert } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { createMetrics } from '../../base/metrics.ts';
import { seededRandom } from '../../base/random.ts';
import type { EventHeader } from '../../event/event.ts';
import type { Log, StoredEvent } from '../../ports/log.ts';
import { ObjectsError, type ObjectToPut, type ServiceCaller } from '../../ports/objects.ts';
import { memoryState } from '../../ports/state/memory.ts';
import type { State } from '../../ports/state.ts';
import { type Digest, parseDigest, sha256Hex, signatureHolds } from '../../trails/digest.ts';
import { parseDigestKey, parseLogFileKey } from '../../trails/paths.ts';
import type { SigningKeys } from '../../trails/signing-keys.ts';
import {
  type EndingCall,
  loggingPeriods,
  retiredTrailKey,
  type Trail,
  trailArn,
  trailKey,
} from '../../trails/trail.ts';
import { LAST_DIGESTS } from '../delivery-state.ts';
import type { Spool } from '../spool.ts';
import { startTrailDelivery, type TrailDelivery, type TrailDeliverySettings } from '../trail-delivery.ts';

/**
 * Everything around trail delivery, in memory: what is durable outlives a crash, and a crash can be had at any single
 * step that touches the outside.
 */

export const ACCOUNT = '123456789012';
export const HOME = 'us-east-1';
export const INTERVAL_MS = 300_000;
export const DIGEST_INTERVAL_MS = 3_600_000;

// Half as long as the product's: thousands of digests are signed with it.
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const KEY = { fingerprint: 'f'.repeat(32), value: Buffer.alloc(0), validityStartMs: 0, validityEndMs: Infinity };
const signingKeys: SigningKeys = { current: async () => ({ ...KEY, privateKey }), list: async () => [KEY] };

export interface Put extends ObjectToPut {
  readonly caller: ServiceCaller;
  readonly puts: number;
}

export class World {
  readonly clock = new LeapingClock();
  readonly state: State = memoryState();
  readonly events: StoredEvent[] = [];
  readonly spool = new Map<string, Buffer>();
  readonly objects = new Map<string, Put>();
  /** S3 code by bucket, or folder in one, that refuses; `timeout` for an error without a code, `silence` for no answer at all. */
  readonly refusing = new Map<string, string>();
  /** How long a bucket takes over each object. */
  putMs = 0;
  /** What topics heard: keys of log files. */
  readonly told: string[] = [];
  /** SNS's code with which topics refuse. */
  topicsRefuse: string | undefined;
  readonly settings: TrailDeliverySettings;
  delivery!: TrailDelivery;
  /** How many of the next writes to State and spool fail, as with a full disk. */
  failingWrites = 0;
  /** Steps that touched the outside, in this life. */
  steps = 0;
  logStart = 0;
  lives = 0;
  readonly random = seededRandom('world');
  #calls = 0;
  #waiters: (() => void)[] = [];
  #dead: { isDead: boolean; died: () => void } = { isDead: true, died: () => {} };
  #crashed = Promise.resolve();

  constructor(settings: Partial<TrailDeliverySettings> = {}) {
    this.settings = {
      deliveryIntervalMs: INTERVAL_MS,
      digestIntervalMs: DIGEST_INTERVAL_MS,
      logFileBytesMax: 50_000_000,
      regions: [HOME, 'eu-west-1'],
      ...settings,
    };
  }

  /** Begins a life. @param dieAt the step at which it ends: before its effect, or (odd halves, `x.5`) after it */
  start(dieAt = Infinity): void {
    this.#dead.isDead = true;
    this.lives++;
    this.steps = 0;
    const life = { isDead: false, died: () => {} };
    this.#crashed = new Promise((resolve) => {
      life.died = resolve;
    });
    this.#dead = life;
    const never = new Promise<never>(() => {});
    const step = async <T>(effect: () => Promise<T> | T): Promise<T> => {
      if (life.isDead) return never;
      this.steps++;
      if (this.steps === Math.ceil(dieAt)) {
        life.isDead = true;
        if (dieAt % 1 !== 0)
          await Promise.resolve()
            .then(effect)
            .catch(() => {}); // nobody hears of a refusal
        life.died();
        return never;
      }
      await null;
      const result = await effect();
      return life.isDead ? never : result;
    };
    this.delivery = startTrailDelivery({
      log: this.#log(step),
      state: {
        get: (key) => step(() => this.state.get(key)),
        list: (prefix) => step(() => this.state.list(prefix)),
        page: (prefix, after, limit) => step(() => this.state.page(prefix, after, limit)),
        count: (prefix) => step(() => this.state.count(prefix)),
        write: (changes) =>
          step(() => {
            this.#failPerhaps();
            return this.state.write(changes);
          }),
        close: async () => {},
      },
      objects: {
        checkBucketAcl: async () => {},
        checkKey: async (_caller, _bucket, kmsKeyId) => kmsKeyId,
        put: async (caller, object) => {
          if (this.refusing.get(object.bucket) === 'silence') return never;
          if (this.putMs > 0) await new Promise<void>((resolve) => this.clock.after(this.putMs, resolve));
          return step(() => this.#put(caller, object));
        },
      },
      spool: this.#spool(step),
      publish: (_topic, { message }) => step(() => this.#tell(message)),
      signingKeys,
      clock: {
        now: () => this.clock.now(),
        monotonicMs: () => this.clock.monotonicMs(),
        after: (delayMs, fn) => this.clock.after(delayMs, () => life.isDead || fn()),
      },
      random: this.random,
      logger: silentLogger,
      metrics: createMetrics(),
      spoolDirectory: '',
      settings: this.settings,
    });
  }

  /**
   * Delivers what there is, or dies on the way. Where that takes longer than a moment it waits for a clock, which then
   * goes on.
   * @returns whether it lived
   */
  async flush(): Promise<boolean> {
    let outcome: boolean | undefined;
    const flushed = this.delivery.flush().then(() => {
      outcome ??= true;
    });
    const crashed = this.#crashed.then(() => {
      outcome ??= false;
    });
    let idle = 0;
    while (outcome === undefined) {
      const before = this.steps;
      const moment = new Promise((resolve) => setTimeout(resolve, 10));
      await Promise.race([flushed, crashed, moment]);
      if (outcome !== undefined || this.steps !== before) continue; // over, or still at work on a slow machine
      assert(idle++ < 300, 'a flush comes to an end');
      await this.clock.advance(1_000);
    }
    return outcome;
  }

  /** Time goes by, and what it made due is done. */
  async pass(ms: number): Promise<boolean> {
    await this.clock.advance(ms);
    return this.flush();
  }

  append(events: readonly Partial<EventHeader & { requestID: string; insightDetails: object }>[]): number {
    const first = this.events.length;
    for (const { requestID, insightDetails, ...header } of events) {
      const sequence = this.events.length;
      const record = { eventID: `e${sequence}`, requestID, insightDetails, pad: 'é'.repeat(sequence % 50) };
      const json = Buffer.from(JSON.stringify(record));
      const full = { ...HEADER, timeMs: this.clock.now(), eventId: `e${sequence}`, ...header };
      this.events.push({ sequence, acceptedMs: this.clock.now(), header: full, json });
    }
    for (const waiter of this.#waiters.splice(0)) waiter();
    return first;
  }

  async trail(key: string): Promise<Trail> {
    return (await this.state.get<Trail>(key))!.value;
  }

  async save(trail: Trail): Promise<void> {
    await this.state.write([{ put: trailKey(trail), value: trail }]);
    this.delivery.trailsChanged();
  }

  /** What State still holds of trails that are gone, but for the note that keeps their digests' names apart. */
  async leftInState(): Promise<readonly string[]> {
    return (await this.state.list('')).map((e) => e.key).filter((key) => !key.startsWith(LAST_DIGESTS));
  }

  async startLogging(trail: Trail): Promise<Trail> {
    const { endingCall: _, ...rest } = trail;
    const next: Trail = {
      ...rest,
      isLogging: true,
      startLoggingMs: Math.max(this.clock.now(), (trail.startLoggingMs ?? 0) + 1),
      beginSequence: this.events.length,
      earlier: loggingPeriods(trail),
    };
    await this.save(next);
    return next;
  }

  /** As the service does: the ending call first, its own record after. */
  async stopLogging(trail: Trail, records = true): Promise<Trail> {
    const next = this.#stopped(trail);
    await this.save(next);
    if (records) this.appendCall('StopLogging', next, next.endingCall);
    return next;
  }

  /** As the service does: what held so far becomes an earlier period, ended by this call or by a stop before it. */
  async changePeriod(trail: Trail, change: Partial<Trail>, records = true): Promise<Trail> {
    const { beginSequence: _, endingCall: __, ...rest } = trail;
    const call = this.#call();
    const ended = trail.isLogging ? { ...trail, endingCall: call } : trail;
    const opened = trail.isLogging ? { beginSequence: this.events.length } : {};
    const next: Trail = { ...rest, ...change, ...opened, earlier: loggingPeriods(ended) };
    await this.save(next);
    const put = 'selectors' in change ? 'PutEventSelectors' : 'PutInsightSelectors';
    const isPut = 'selectors' in change || 'insightSelectors' in change;
    if (records) this.appendCall(isPut ? put : 'UpdateTrail', next, call);
    return next;
  }

  async deleteTrail(trail: Trail): Promise<void> {
    const stopped = trail.isLogging ? this.#stopped(trail) : trail;
    await this.state.write([{ delete: trailKey(trail) }, { put: retiredTrailKey(trail), value: stopped }]);
    this.delivery.trailsChanged();
    this.appendCall('DeleteTrail', trail, trail.isLogging ? stopped.endingCall : undefined);
  }

  /** Appends the record of a call about a trail. */
  appendCall(eventName: string, { homeRegion: region }: Trail, call: EndingCall | undefined): void {
    const requestID = call?.requestId ?? 'of no consequence';
    this.append([{ eventName, eventSource: 'cloudtrail.amazonaws.com', region, requestID }]);
  }

  #stopped = (trail: Trail): Trail => ({
    ...trail,
    isLogging: false,
    stopLoggingMs: this.clock.now(),
    endingCall: this.#call(),
  });

  #call(): EndingCall {
    return { requestId: `call-${++this.#calls}`, floorSequence: this.events.length, calledMs: this.clock.now() };
  }

  /** All records delivered to a bucket, by eventID in the order found; one that stands twice is there twice. */
  delivered(bucket = 'logs'): string[] {
    return this.logFiles(bucket).flatMap((put) => recordsOf(put).map((r) => r.eventID));
  }

  logFiles(bucket = 'logs'): Put[] {
    return [...this.objects.values()].filter((o) => o.bucket === bucket && parseLogFileKey(o.key));
  }

  digests(bucket = 'logs'): { put: Put; digest: Digest; bytes: Buffer }[] {
    return [...this.objects.values()]
      .filter((o) => o.bucket === bucket && parseDigestKey(o.key))
      .map((put) => {
        const bytes = gunzipSync(put.body);
        return { put, bytes, digest: parseDigest(bytes)! };
      });
  }

  /** Walks every chain as `opentrail verify` would, and throws at the first flaw. @returns keys of the files digested */
  verifyChains(...buckets: string[]): string[] {
    const files: string[] = [];
    const all = (buckets.length === 0 ? ['logs'] : buckets).flatMap((bucket) => this.digests(bucket));
    const byPlace = new Map(all.map((found) => [`${found.put.bucket}/${found.put.key}`, found]));
    const followed = new Set<string>();
    for (const { put, digest, bytes } of all) {
      const where = `${put.key}: `;
      assert(signatureHolds(digest, bytes, put.metadata!.signature!, publicKey), `${where}signature`);
      assert(put.metadata!['signature-algorithm'] === 'SHA256withRSA', `${where}algorithm`);
      assert(digest.digestS3Object === put.key && digest.digestS3Bucket === put.bucket, `${where}location`);
      assert(digest.digestStartTime < digest.digestEndTime, `${where}ends after it starts`);
      if (digest.previousDigestS3Object !== null) {
        const place = `${digest.previousDigestS3Bucket}/${digest.previousDigestS3Object}`;
        const previous = byPlace.get(place);
        assert(previous, `${where}${place} is there`);
        assert(!followed.has(place), `${where}is the only one after ${place}`);
        followed.add(place);
        assert(sha256Hex(previous.bytes) === digest.previousDigestHashValue, `${where}previous hash`);
        assert(previous.put.metadata!.signature === digest.previousDigestSignature, `${where}previous signature`);
        assert(previous.digest.digestEndTime === digest.digestStartTime, `${where}follows on`);
      }
      for (const file of digest.logFiles) {
        const log = this.objects.get(`${file.s3Bucket}/${file.s3Object}`);
        assert(log, `${where}${file.s3Object} is there`);
        assert(sha256Hex(gunzipSync(log.body)) === file.hashValue, `${where}${file.s3Object} hash`);
        files.push(file.s3Object);
      }
    }
    return files;
  }

  #log(step: <T>(effect: () => Promise<T> | T) => Promise<T>): Log {
    const world = this;
    return {
      append: () => Promise.reject(new Error('tests append to the world')),
      get end() {
        return world.events.length;
      },
      get start() {
        return world.logStart;
      },
      // Small reads, so that batches end in awkward places.
      read: (from, _bytesMax) => step(() => world.events.slice(from, from + 7)),
      async waitPast(sequence, signal) {
        while (world.events.length <= sequence && !signal.aborted) {
          await new Promise<void>((resolve) => {
            world.#waiters.push(resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      },
      trouble: undefined,
      close: async () => {},
    };
  }

  #spool(step: <T>(effect: () => Promise<T> | T) => Promise<T>): Spool {
    return {
      write: (name, parts) =>
        step(() => {
          this.#failPerhaps();
          this.spool.set(name, Buffer.concat(parts));
        }),
      sync: () => step(() => {}),
      read: (name) => step(() => this.spool.get(name)),
      remove: (name) =>
        step(() => {
          this.spool.delete(name);
        }),
      list: () => step(() => [...this.spool.keys()]),
    };
  }

  #tell(message: string): void {
    if (this.topicsRefuse !== undefined) throw new AwsError(this.topicsRefuse, 'refused');
    const { s3Bucket, s3ObjectKey } = JSON.parse(message) as { s3Bucket: string; s3ObjectKey: string[] };
    for (const key of s3ObjectKey) {
      assert(this.objects.has(`${s3Bucket}/${key}`), `${key} is there when it is told`);
      this.told.push(key);
    }
  }

  #failPerhaps(): void {
    if (this.failingWrites === 0) return;
    this.failingWrites--;
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  #put(caller: ServiceCaller, object: ObjectToPut): void {
    const name = `${object.bucket}/${object.key}`;
    const code = [...this.refusing].find(([place]) => name.startsWith(`${place}/`))?.[1];
    if (code === 'timeout') throw new Error('timed out');
    if (code !== undefined) throw new ObjectsError(code, 'refused');
    const before = this.objects.get(name);
    assert(!before || before.body.equals(object.body), `${name} is put again with the same bytes`);
    this.objects.set(name, { ...object, caller, puts: (before?.puts ?? 0) + 1 });
  }
}

/** A fake clock that leaps: a timer that is set again and again fires once a leap, so that an hour passes in no time. */
class LeapingClock implements Clock {
  #wallMs = Date.UTC(2026, 0, 1);
  #monotonicMs = 0;
  #timers: { atMs: number; fn: () => void }[] = [];

  now(): number {
    return this.#wallMs;
  }
  monotonicMs(): number {
    return this.#monotonicMs;
  }
  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }
  async advance(ms: number): Promise<void> {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
    const due = this.#timers.filter((t) => t.atMs <= this.#monotonicMs);
    this.#timers = this.#timers.filter((t) => t.atMs > this.#monotonicMs);
    for (const timer of due) timer.fn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  /** Only the wall clock, as NTP or an operator would. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }
}

export const recordsOf = (put: Put): { eventID: string }[] => JSON.parse(gunzipSync(put.body).toString()).Records;

export const HEADER: EventHeader = {
  timeMs: 0,
  accountId: ACCOUNT,
  region: HOME,
  category: 'Management',
  readOnly: false,
  eventId: '',
  eventName: 'CreateUser',
  eventSource: 'iam.amazonaws.com',
  username: '',
  accessKeyId: '',
  resources: [],
};

export function newTrail(name = 'main', change: Partial<Trail> = {}): Trail {
  return {
    name,
    accountId: ACCOUNT,
    homeRegion: HOME,
    arn: trailArn(HOME, ACCOUNT, name),
    id: createHash('md5').update(`${name} ${change.createdMs}`).digest('hex'),
    bucket: 'logs',
    includeGlobalServiceEvents: true,
    isMultiRegion: false,
    logFileValidation: true,
    recursiveLogging: true,
    tags: [],
    isLogging: false,
    createdMs: 0,
    ...change,
  };
}
