import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SELECTORS } from '../event/selectors.ts';
import { joined, left, type Membership, membershipKey } from '../trails/members.ts';
import { parseDigestKey, parseLogFileKey } from '../trails/paths.ts';
import { type DeliveryStatus, deliveryStatusKey, loggingPeriods, type Stream, type Trail } from '../trails/trail.ts';
import { ACCOUNT, HOME, newTrail, recordsOf, World } from './testing/world.ts';

const HOUR = 3_600_000;
const AWAY = 'eu-west-1';
const ORG = 'o-abcdefghij';
const [A, B, C] = ['111111111111', '222222222222', '333333333333'] as const;
const WRITES = {
  advanced: [
    {
      FieldSelectors: [
        { Field: 'eventCategory', Equals: ['Management'] },
        { Field: 'readOnly', Equals: ['false'] },
      ],
    },
  ],
};

/** An organization whose trail it is, with what of its events is to be delivered. */
class Company {
  readonly world: World;
  readonly expected: string[] = [];
  readonly members = new Set<string>();
  trail: Trail = newTrail('main', { organizationId: ORG, isMultiRegion: true });

  constructor(world: World) {
    this.world = world;
  }

  async join(...accountIds: string[]): Promise<void> {
    for (const accountId of accountIds) {
      this.members.add(accountId);
      await this.#write(accountId, (before) => joined(before, this.world.events.length, 0));
    }
  }

  async leave(accountId: string, requestId?: string): Promise<void> {
    this.members.delete(accountId);
    await this.#write(accountId, (before) => left(before, this.world.events.length, 0, requestId));
  }

  async #write(accountId: string, change: (before?: Membership) => Membership | undefined): Promise<void> {
    const key = membershipKey(ORG, accountId);
    const value = change((await this.world.state.get<Membership>(key))?.value);
    if (value) await this.world.state.write([{ put: key, value }]);
    this.world.delivery.trailsChanged();
  }

  logs(accountId: string, region = HOME): boolean {
    const { isLogging, organizationId, isMultiRegion } = this.trail;
    const isOurs = organizationId === undefined ? accountId === ACCOUNT : this.members.has(accountId);
    return isLogging && isOurs && (isMultiRegion || region === HOME);
  }

  /** Something happens in an account. */
  act(accountId: string, region = HOME, more: Parameters<World['append']>[0][number] = {}): void {
    this.world.append([{ accountId, region, ...more }]);
    if (this.logs(accountId, region)) this.expectLast();
  }

  expectLast(): void {
    this.expected.push(`e${this.world.events.length - 1}`);
  }

  async start(): Promise<void> {
    this.trail = await this.world.startLogging(this.trail);
  }

  async stop(): Promise<void> {
    const counts = this.logs(ACCOUNT);
    this.trail = await this.world.stopLogging(this.trail);
    if (counts) this.expectLast();
  }

  async change(to: Partial<Trail>): Promise<void> {
    const before = this.logs(ACCOUNT);
    this.trail = await this.world.changePeriod(this.trail, to);
    if (before || this.logs(ACCOUNT)) this.expectLast();
  }

  /** As the service does when trusted access is withdrawn. */
  async release(): Promise<void> {
    const { beginSequence, endingCall, earlier: _, organizationId: __, ...rest } = this.trail;
    const endSequence = this.world.events.length;
    const periods = loggingPeriods(this.trail);
    const earlier = this.trail.isLogging ? [...periods.slice(0, -1), { ...periods.at(-1)!, endSequence }] : periods;
    this.trail = { ...rest, ...(this.trail.isLogging && { beginSequence: endSequence }), earlier };
    await this.world.save(this.trail);
  }

  async settle(): Promise<void> {
    while (!(await this.world.flush())) this.world.start();
  }

  /** Everything once, in the folder of its account, and every file in one digest of its account and Region. */
  check(about = ''): void {
    const { world } = this;
    expect(world.delivered().sort(), about).toEqual([...this.expected].sort());
    const headers = new Map(world.events.map(({ header }) => [header.eventId, header]));
    for (const put of world.logFiles()) {
      const place = parseLogFileKey(put.key)!;
      for (const { eventID } of recordsOf(put)) {
        expect(headers.get(eventID), put.key).toMatchObject({ accountId: place.accountId, region: place.region });
      }
    }
    expect(world.verifyChains().sort(), about).toEqual(
      world
        .logFiles()
        .map((file) => file.key)
        .sort(),
    );
    for (const { put, digest } of world.digests()) {
      const { accountId, region, organizationId } = parseDigestKey(put.key)!;
      for (const { s3Object } of digest.logFiles) {
        expect(parseLogFileKey(s3Object)).toMatchObject({ accountId, region });
        if (accountId !== ACCOUNT) expect(parseLogFileKey(s3Object)!.organizationId).toBe(organizationId);
      }
    }
    expect(world.spool.size).toBe(0);
  }
}

async function company(settings: ConstructorParameters<typeof World>[0] = {}): Promise<Company> {
  const c = new Company(new World(settings));
  c.world.start();
  await c.join(ACCOUNT, A);
  return c;
}

describe('an organization trail', () => {
  it('delivers what each account does to its own folder, with a chain of digests for each account and Region', async () => {
    const c = await company();
    await c.start();
    c.act(ACCOUNT);
    c.act(A);
    c.act(A, AWAY);
    c.act(B);
    await c.settle();
    await c.world.pass(HOUR);
    c.check();
    const folders = c.world.logFiles().map(({ key }) => key.replace(/\/\d{4}\/.*/, ''));
    expect(folders.sort()).toEqual([
      `AWSLogs/${ORG}/${A}/CloudTrail/${AWAY}`,
      `AWSLogs/${ORG}/${A}/CloudTrail/${HOME}`,
      `AWSLogs/${ORG}/${ACCOUNT}/CloudTrail/${HOME}`,
    ]);
    const chains = c.world.digests().map(({ put }) => put.key.replace(/\/\d{4}\/.*/, ''));
    expect(new Set(chains)).toEqual(
      new Set([A, ACCOUNT].flatMap((id) => [HOME, AWAY].map((r) => `AWSLogs/${ORG}/${id}/CloudTrail-Digest/${r}`))),
    );
    await c.world.delivery.stop();
  });

  it('delivers the Insights of each account to its own folder, whoever the trail belongs to', async () => {
    const c = await company();
    c.trail = {
      ...c.trail,
      insightSelectors: [{ insightType: 'ApiErrorRateInsight', eventCategories: ['Management'] }],
    };
    await c.start();
    const insight = { category: 'Insight' as const, insightDetails: { insightType: 'ApiErrorRateInsight' } };
    c.act(A, AWAY, insight);
    c.act(B, AWAY, insight);
    await c.settle();
    await c.world.pass(HOUR);
    c.check();
    const folders = c.world.logFiles().map(({ key }) => key.replace(/\/\d{4}\/.*/, ''));
    expect(folders).toEqual([`AWSLogs/${ORG}/${A}/CloudTrail-Insight/${AWAY}`]);
    await c.world.delivery.stop();
  });

  it('judges by who was a member then, however late it reads', async () => {
    const c = await company();
    await c.start();
    await c.settle();
    await c.world.delivery.stop();
    c.act(B);
    await c.join(B);
    c.act(B);
    await c.leave(A);
    c.act(A);
    await c.leave(B);
    c.act(B);
    await c.join(B);
    c.act(B);
    c.world.start();
    await c.settle();
    await c.world.pass(2 * HOUR);
    c.check();
    await c.world.delivery.stop();
  });

  it('delivers the record of leaving, of this call and no other', async () => {
    const c = await company();
    await c.start();
    await c.leave(A, 'leaving');
    const leaving = { eventName: 'LeaveOrganization', eventSource: 'organizations.amazonaws.com' };
    c.world.append([
      { accountId: A, ...leaving, requestID: 'another' },
      { accountId: B, ...leaving, requestID: 'leaving' },
      { accountId: A, eventName: 'LeaveOrganization', requestID: 'leaving' },
    ]);
    c.world.append([{ accountId: A, ...leaving, requestID: 'leaving' }]);
    c.expectLast();
    c.act(A);
    await c.settle();
    await c.world.pass(HOUR);
    c.check();
    await c.world.delivery.stop();
  });

  it('closes the chain of an account that has left when its next digest is due', async () => {
    const c = await company({ regions: [HOME] });
    await c.start();
    c.act(A);
    await c.settle();
    const digestsOf = (accountId: string) =>
      c.world.digests().filter(({ put }) => parseDigestKey(put.key)!.accountId === accountId).length;
    await c.leave(A);
    await c.settle();
    expect(digestsOf(A)).toBe(1);
    for (let hours = 0; hours < 4; hours++) await c.world.pass(HOUR);
    expect([digestsOf(A), digestsOf(ACCOUNT)]).toEqual([2, 5]);
    c.check();
    await c.world.delivery.stop();
  });

  it('goes on for all others when the folder of one account refuses', async () => {
    const c = await company({ regions: [HOME] });
    await c.start();
    c.world.refusing.set(`logs/AWSLogs/${ORG}/${A}`, 'AccessDenied');
    c.act(A);
    for (let attempts = 0; attempts < 15; attempts++) await c.world.flush(); // now its next attempt is half an hour off
    c.act(ACCOUNT);
    c.act(A);
    const last = `e${c.world.events.length - 2}`;
    for (let turn = 0; !c.world.delivered().includes(last); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (turn < 600) await c.world.clock.advance(1_000); // what is slow is the machine
    }
    expect(c.world.delivered()).toContain(last);
    const status = async (stream: Stream) =>
      (await c.world.state.get<DeliveryStatus>(deliveryStatusKey(c.trail.id, stream)))!.value;
    expect((await status({ region: HOME, accountId: A })).latestDeliveryError).toBe('AccessDenied');
    expect((await status({ region: HOME })).latestDeliveryError).toBeUndefined();
    c.world.refusing.clear();
    await c.settle();
    await c.world.pass(HOUR);
    c.check();
    await c.world.delivery.stop();
  });

  it('that a delegated administrator stops logs until the administrator’s own record', async () => {
    const c = await company({ regions: [HOME] });
    await c.start();
    const endingCall = { requestId: 'stop', floorSequence: 0, calledMs: c.world.clock.now(), accountId: A };
    await c.world.save({ ...c.trail, isLogging: false, endingCall });
    c.act(ACCOUNT);
    const stop = { eventName: 'StopLogging', eventSource: 'cloudtrail.amazonaws.com', requestID: 'stop' };
    c.act(ACCOUNT, HOME, stop); // of another account: no end of it
    c.act(A, HOME, stop);
    c.world.append([{ accountId: A }, {}]);
    await c.settle();
    await c.settle();
    c.check();
    await c.world.delivery.stop();
  });

  it('reads the Log once for hundreds of members, and loses none', async () => {
    const c = await company();
    const accounts = Array.from({ length: 400 }, (_, i) => String(400_000_000_000 + i));
    await c.join(...accounts);
    await c.start();
    for (const accountId of accounts) {
      c.act(accountId);
      c.act(accountId, AWAY);
    }
    await c.settle();
    await c.world.pass(HOUR);
    c.check();
    expect(c.world.logFiles()).toHaveLength(800);
    expect(c.world.digests()).toHaveLength(402 * 2 * 2);
    await c.world.delivery.stop();
  });
});

describe('a crash', () => {
  async function story(dieAt: number): Promise<{ c: Company; steps: number }> {
    const c = await company({ logFileBytesMax: 700 });
    c.world.start(dieAt);
    await c.start();
    for (const id of [ACCOUNT, A, B]) c.act(id);
    await c.join(B);
    for (let i = 0; i < 6; i++) c.act(B);
    await c.settle();
    await c.leave(A);
    for (const id of [ACCOUNT, A, B]) c.act(id, AWAY);
    await c.change({ selectors: WRITES });
    await c.world.clock.advance(HOUR);
    await c.settle();
    await c.release();
    for (const id of [ACCOUNT, B]) c.act(id);
    await c.settle();
    await c.change({ organizationId: ORG });
    for (const id of [ACCOUNT, B]) c.act(id);
    await c.stop();
    await c.settle();
    const steps = c.world.lives === 2 ? c.world.steps : 0;
    await c.settle();
    return { c, steps };
  }

  it('at any step neither loses nor repeats an event of any account', async () => {
    const { steps, c: unharmed } = await story(Infinity);
    unharmed.check();
    expect(steps).toBeGreaterThan(100);
    for (let dieAt = 0.5; dieAt <= steps; dieAt += 0.5) {
      const { c } = await story(dieAt);
      c.check(`died at ${dieAt}`);
      await c.world.delivery.stop();
    }
  }, 300_000);
});

describe('whatever happens', () => {
  const account = fc.constantFrom(ACCOUNT, A, B, C);
  const operation = fc.oneof(
    {
      arbitrary: fc.record({
        op: fc.constant('act' as const),
        events: fc.array(fc.tuple(account, fc.constantFrom(HOME, AWAY)), { minLength: 1, maxLength: 9 }),
      }),
      weight: 4,
    },
    fc.record({ op: fc.constantFrom('join' as const, 'leave' as const), account: fc.constantFrom(A, B, C) }),
    fc.record({ op: fc.constant('pass' as const), ms: fc.constantFrom(1_000, 300_000, HOUR, 3 * HOUR) }),
    fc.record({ op: fc.constantFrom('flush', 'toggle', 'regions', 'release', 'convert', 'refuse', 'mend', 'restart') }),
    fc.record({ op: fc.constant('fail' as const), writes: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ op: fc.constant('crash' as const), dieAt: fc.integer({ min: 1, max: 80 }).map((n) => n / 2) }),
  );
  type Operation = {
    op: string;
    account: string;
    events: [string, string][];
    ms: number;
    writes: number;
    dieAt: number;
  };
  const doing: Readonly<Record<string, (c: Company, o: Operation) => unknown>> = {
    act(c, { events }) {
      for (const [accountId, region] of events) c.act(accountId, region);
    },
    join: (c, o) => c.join(o.account),
    leave: (c, o) => c.leave(o.account),
    pass: (c, { ms }) => c.world.clock.advance(ms),
    flush: (c) => c.settle(),
    toggle: (c) => (c.trail.isLogging ? c.stop() : c.start()),
    regions: (c) => c.change({ isMultiRegion: !c.trail.isMultiRegion }),
    release: (c) => (c.trail.organizationId === undefined ? undefined : c.release()),
    convert: (c) => (c.trail.organizationId === undefined ? c.change({ organizationId: ORG }) : undefined),
    refuse: (c) => c.world.refusing.set('logs', 'AccessDenied'),
    mend: (c) => c.world.refusing.clear(),
    fail: (c, { writes }) => {
      c.world.failingWrites = writes;
    },
    async restart(c) {
      await Promise.race([c.world.delivery.stop(), c.world.flush()]);
      c.world.start();
    },
    crash: (c, { dieAt }) => c.world.start(dieAt),
  };

  it('every event of a member is in exactly one file of its account, and every file in exactly one digest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40, size: 'max' }), async (operations) => {
        const c = await company({ logFileBytesMax: 900 });
        await c.change({ selectors: DEFAULT_SELECTORS });
        await c.start();
        for (const o of operations) await doing[o.op]!(c, o as Operation);
        c.world.refusing.clear();
        c.world.failingWrites = 0;
        if (c.trail.isLogging) await c.stop();
        await c.settle();
        await c.world.clock.advance(2 * HOUR);
        await c.settle();
        await c.settle();
        c.check();
        await c.world.delivery.stop();
      }),
      { numRuns: 100 },
    );
  }, 300_000);
});
