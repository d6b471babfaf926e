import { join } from 'node:path';
import type { AppDeps } from './app.ts';
import { withoutLeaps } from './base/clock.ts';
import { createMetrics } from './base/metrics.ts';
import { openDataDir } from './data-dir.ts';
import { startRetention } from './followers/retention.ts';
import { type ForwardDeps, startForwarding } from './gateway/forward.ts';
import { type OpenGateway, openGateway } from './gateway-listener.ts';
import { watchDiskSpace } from './ports/disk-space.ts';
import { openHistory } from './ports/history/embedded-history.ts';
import { openLog } from './ports/log/segment-log.ts';
import { openState } from './ports/state/journal.ts';
import { createTroubles } from './ports/troubles.ts';
import { withPressure } from './ports/with-pressure.ts';
import { createAuditor } from './wire/audit.ts';
import { createHealthPages } from './wire/health.ts';
import { listen } from './wire/http-server.ts';

export interface GatewayAppDeps extends AppDeps {
  /** PutRecords on the server that keeps the records. */
  readonly send: ForwardDeps['send'];
}

export interface GatewayApp extends OpenGateway {
  readonly healthPort: number;
  /** Takes no new calls, lets those in hand end, and gives the folder back. What has not been sent is kept for the next start. */
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 1_000;
const NOT_FOUND = { status: 404, headers: {}, body: Buffer.alloc(0) };
/** A spool's segments are small, so that what has been sent leaves the disk soon. */
const SEGMENT_EVENTS_MAX = 8_192;

/**
 * A gateway on its own: the same parts as in `serve`, where the Log is a spool that is sent on to a server.
 * @throws OperatorError for what the operator must mend
 */
export async function startGatewayApp({ config, clock, random, logger, send }: GatewayAppDeps): Promise<GatewayApp> {
  const closers: (() => unknown)[] = [];
  const closing = <T>(part: T, close: (part: T) => unknown): T => {
    closers.push(() => close(part));
    return part;
  };
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const metrics = createMetrics();
    const { path } = closing(await openDataDir(config.gatewayDir), (d) => d.release());
    const inDir = (name: string) => join(path, name);
    const space = closing(await watchDiskSpace({ directory: path, clock, logger }), (s) => s.close());
    const troubles = createTroubles(clock);
    const state = troubles.watchState(closing(await openState({ dir: inDir('state'), logger }), (s) => s.close()));
    const segments = closing(
      await openLog({ directory: inDir('log'), clock, logger, metrics, segmentEventsMax: SEGMENT_EVENTS_MAX }),
      (l) => l.close(),
    );
    const history = closing(await openHistory({ log: segments, logger, clock }), (h) => h.close());
    const log = withPressure(segments, () => history.pressure() ?? space.shortage());
    const forwarder = closing(
      await startForwarding({
        log,
        state,
        send,
        clock,
        logger,
        refused: (count) => metrics.eventsLost.inc({ reason: 'refused' }, count),
      }),
      (f) => f.stop(),
    );
    closing(
      startRetention({
        rotate: (acceptedBeforeMs) => segments.rotate(acceptedBeforeMs),
        retain: (limit) => segments.retain(limit),
        floor: () => Math.min(forwarder.cursor, history.indexedEnd),
        retentionDays: 0, // what has been sent
        clock: withoutLeaps(clock),
        logger,
      }),
      (stop) => stop(),
    );
    const auditor = closing(
      createAuditor({
        log,
        lastingLog: withPressure(segments, space.scarcity),
        settings: { management: config.auditManagement, data: config.auditData },
        metrics,
        logger,
        after: clock.after,
      }),
      (a) => a.drain(),
    );
    const gateway = await openGateway({
      config,
      dataDir: path,
      state,
      auditor,
      clock,
      random,
      logger,
      metrics,
      closing,
    });
    const health = createHealthPages({
      metrics,
      refresh() {
        metrics.logEndSequence.set(log.end);
        metrics.followerLagEvents.set({ follower: 'forwarding' }, log.end - forwarder.cursor);
      },
      troubles: () => [log.trouble, forwarder.trouble(), ...troubles.list()].filter((trouble) => trouble !== undefined),
    });
    const pages = closing(
      await listen(
        async (req, res) => {
          if (!(await health(req, res))) res.writeHead(404).end();
        },
        { host: config.host, port: config.healthPort, after: clock.after, refuse: () => NOT_FOUND },
      ),
      (s) => s.stop(STOP_GRACE_MS),
    );
    return { ...gateway, healthPort: pages.port, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
