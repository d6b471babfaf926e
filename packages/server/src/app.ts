import { join } from 'node:path';
import { createAuthorizer } from './access/authorizer.ts';
import { updateCredentialsFile } from './access/credentials-file.ts';
import { createDenialMessages } from './access/denial-messages.ts';
import { createIamStore } from './access/iam-store.ts';
import { bootstrapAccount, createIdentities } from './access/identities.ts';
import { createSealer, openSealingKey } from './access/sealed-secrets.ts';
import { createSessionKeys } from './access/session-keys.ts';
import { createSessions, SESSION_PREFIX } from './access/sessions.ts';
import { type Clock, withoutLeaps } from './base/clock.ts';
import { OperatorError, Pushback, systemErrorCode } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import { createMetrics } from './base/metrics.ts';
import type { Random } from './base/random.ts';
import { type Config, ownUrl } from './config.ts';
import { type OpenConsole, openConsoleListener } from './console-listener.ts';
import { openDataDir } from './data-dir.ts';
import { startInsights } from './followers/insights.ts';
import { startLogGroupDelivery } from './followers/log-groups.ts';
import { startRetention } from './followers/retention.ts';
import { startRules } from './followers/rules.ts';
import { startTrailDelivery } from './followers/trail-delivery.ts';
import { type OpenGateway, openGateway, ownIdentity, SEALING_KEY_ENV, tlsOf } from './gateway-listener.ts';
import { openMonitoring } from './monitoring-app.ts';
import { watchDiskSpace } from './ports/disk-space.ts';
import { openHistory } from './ports/history/embedded-history.ts';
import { openLake } from './ports/lake/embedded-lake.ts';
import { openLog } from './ports/log/segment-log.ts';
import { openObjectStore } from './ports/objects/store.ts';
import { openState } from './ports/state/journal.ts';
import { createTroubles } from './ports/troubles.ts';
import { withPressure } from './ports/with-pressure.ts';
import { withReserve } from './ports/with-reserve.ts';
import { loadCatalogue } from './schema/catalogue.ts';
import { loadSchema } from './schema/load.ts';
import {
  cloudTrailService,
  createTrailLogGroups,
  createTrailRoleUses,
  startOrganizationUpkeep,
} from './services/cloudtrail/index.ts';
import { cloudTrailDataService } from './services/cloudtrail-data/index.ts';
import { iamService } from './services/iam/index.ts';
import { openKms } from './services/kms/open.ts';
import { openTrailService } from './services/opentrail/index.ts';
import { instanceIdOf } from './services/opentrail/instance-id.ts';
import {
  createOrganizationSource,
  createOrganizationStore,
  openOrganizations,
} from './services/organizations/index.ts';
import { outsideKeys } from './services/outside-objects/keys.ts';
import { openOutsideObjects } from './services/outside-objects/outside-objects.ts';
import {
  createObjectKeys,
  objectsPort,
  objectsWithNotifications,
  s3Service,
  startLifecycle,
  storeWithNotifications,
} from './services/s3/index.ts';
import { createOidcFetch, createOidcKeys, stsService } from './services/sts/index.ts';
import { createSigningKeys } from './trails/signing-keys.ts';
import { createAuditor } from './wire/audit.ts';
import { createHealthPages } from './wire/health.ts';
import { listen } from './wire/http-server.ts';
import { createPipeline } from './wire/pipeline.ts';

export interface AppDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface App {
  readonly port: number;
  /** The capture gateway, when it has upstreams. */
  readonly gateway?: OpenGateway;
  readonly console?: OpenConsole;
  /** Absolute. */
  readonly dataDir: string;
  /** Takes no new requests, answers those in hand, makes everything durable and gives the data folder back. */
  stop(): Promise<void>;
}

/** Requests in hand get this long to end when the server is told to stop. */
const STOP_GRACE_MS = 10_000;

/**
 * Puts the parts together: the one place that knows all of them. What is opened last is closed first, also when a
 * later part fails to open.
 * @throws OperatorError for what the operator must mend: folder, files, port, certificate
 */
export async function startApp({ config, clock, random, logger }: AppDeps): Promise<App> {
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
    const dataDir = closing(await openDataDir(config.dataDir), (d) => d.release());
    const inData = (name: string) => join(dataDir.path, name);
    const space = closing(await watchDiskSpace({ directory: dataDir.path, clock, logger }), (s) => s.close());
    const troubles = createTroubles(clock);
    const state = troubles.watchState(closing(await openState({ dir: inData('state'), logger }), (s) => s.close()));
    const instanceId = await instanceIdOf(state, random);

    const writeCredentials = async () => {
      updateCredentialsFile(inData('credentials'), await identities.accountKeys(), config.accountId);
    };
    const sealingKey = openSealingKey({
      path: inData('sealing-key'),
      fromEnvironment: process.env[SEALING_KEY_ENV],
      random,
    });
    const sealer = createSealer(sealingKey, random);
    const identities = createIdentities({
      state,
      random,
      clock,
      sealer,
      onCreated: () =>
        void writeCredentials().catch((error) => logger.error({ err: error }, 'credentials not written')),
    });
    await bootstrapAccount({ state, random, clock, sealer }, config.accountId);
    await writeCredentials();
    const iam = createIamStore({ state, clock, logger, sealer });
    closing(iam.lastUsed, (l) => l.close());

    const sessions = createSessions(sealingKey, random);
    const denialMessages = createDenialMessages(sealingKey, random);
    const findSessionKey = createSessionKeys({ sessions, directory: iam, clock });

    const segments = closing(
      await openLog({ directory: inData('log'), clock, logger, metrics, segmentEventsMax: config.segmentEventsMax }),
      (l) => l.close(),
    );
    const history = closing(await openHistory({ log: segments, logger, clock }), (h) => h.close());
    const log = withPressure(segments, () => history.pressure() ?? space.shortage());
    const lake = closing(
      openLake({
        directory: inData('lake'),
        log: segments,
        logger,
        clock: withoutLeaps(clock),
        shortage: space.shortage,
      }),
      (l) => l.close(),
    );
    const store = troubles.watchObjects(
      closing(await openObjectStore({ directory: inData('objects'), clock, logger, random }), (s) => s.close()),
    );

    const organizationStore = createOrganizationStore(state, log);
    const organizationSource = createOrganizationSource(organizationStore);
    const authorizer = createAuthorizer({ denialMessages, policies: iam, organizations: organizationSource });
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
    const kms = closing(
      await openKms({
        schema: loadCatalogue().schema('kms')!,
        authorizer,
        organizations: organizationSource,
        state,
        clock,
        random,
        logger,
        dataDir: dataDir.path,
        master: config.kmsMaster,
        env: process.env,
        keep: (events) => auditor.keep(events, false),
      }),
      (k) => k.close(),
    );
    const organizations = closing(
      openOrganizations(
        {
          schema: loadCatalogue().schema('organizations')!,
          state,
          clock,
          random,
          logger,
          accounts: identities.accounts,
          iam,
          keep: (events) => auditor.keep(events, false),
        },
        organizationStore,
      ),
      (o) => o.close(),
    );
    const keys = createObjectKeys({
      rootKey: kms.purposeKey('s3'),
      kms: kms.forServices,
      random,
      encryptsAll: config.encryptObjects === 'all',
    });
    let port = config.port;
    const endpoint = () => config.publicUrl ?? ownUrl(config, port);
    const monitoring = await openMonitoring({
      config,
      dataDir: dataDir.path,
      state,
      store,
      log,
      authorizer,
      organizations: organizationSource,
      sealer,
      kms: kms.forServices,
      purposeKey: kms.purposeKey,
      metrics,
      troubles,
      clock,
      random,
      logger,
      endpoint,
      shortage: space.shortage,
      closing,
    });

    const { notifications } = monitoring;
    closing(
      startLifecycle({
        store: storeWithNotifications(store, notifications),
        clock: withoutLeaps(clock),
        logger,
      }),
      (l) => l.close(),
    );
    const objects =
      config.objectsEndpoint === undefined
        ? objectsWithNotifications(objectsPort(store, clock, keys, organizationSource), notifications)
        : closing(
            openOutsideObjects({
              endpoint: config.objectsEndpoint,
              region: config.objectsRegion,
              addressing: config.objectsAddressing,
              credentials: outsideKeys(config.objectsProfile, process.env),
              clock,
            }),
            (o) => o.close(),
          );

    const signingKeys = createSigningKeys({ state, clock, logger, regions: config.regions });
    const delivery = closing(
      startTrailDelivery({
        log,
        state,
        objects,
        publish: monitoring.topics.publish,
        signingKeys,
        clock,
        random,
        logger,
        metrics,
        spoolDirectory: inData('spool'),
        settings: {
          deliveryIntervalMs: config.deliveryIntervalSeconds * 1000,
          digestIntervalMs: config.digestIntervalSeconds * 1000,
          logFileBytesMax: config.logFileBytesMax,
          regions: config.regions,
        },
      }),
      (d) => d.stop(),
    );
    const logGroups = createTrailLogGroups({ roles: iam, authorizer, logGroups: monitoring.logGroups, clock });
    const logGroupDelivery = closing(startLogGroupDelivery({ log, state, sink: logGroups, clock, logger }), (d) =>
      d.stop(),
    );
    const rules = closing(startRules({ log, history, state, clock, logger }), (r) => r.stop());
    const insights = closing(startInsights({ log, history, state, clock, logger, settings: config }), (i) => i.stop());
    closing(
      startRetention({
        rotate: (acceptedBeforeMs) => segments.rotate(acceptedBeforeMs),
        retain: (limit) => segments.retain(limit),
        floor: () =>
          Math.min(
            delivery.lowestCursor(),
            logGroupDelivery.lowestCursor(),
            history.indexedEnd,
            lake.storedEnd,
            rules.lowestCursor(),
            insights.lowestCursor(),
            monitoring.lowestCursor(),
          ),
        retentionDays: config.retentionDays,
        clock: withoutLeaps(clock),
        logger,
      }),
      (stop) => stop(),
    );

    const trailsChanged = () => {
      delivery.trailsChanged();
      logGroupDelivery.trailsChanged();
      insights.trailsChanged();
      monitoring.trailsChanged();
    };
    const organizationUpkeep = closing(
      startOrganizationUpkeep({
        state,
        log,
        organizations: organizations.forCloudTrail,
        trailsChanged,
        clock,
        logger,
      }),
      (u) => u.close(),
    );
    organizationStore.onChange(organizationUpkeep.organizationsChanged);

    const lagEvents = () => ({
      history: log.end - history.indexedEnd,
      lake: log.end - lake.indexedEnd,
      trails: delivery.lagEvents(),
      'log-groups': logGroupDelivery.lagEvents(),
      rules: rules.lagEvents(),
      insights: insights.lagEvents(),
      'event-bus': monitoring.lagEvents(),
    });
    const present = (trouble: string | undefined) => trouble !== undefined;
    // Searches that fail are no reason to send calls elsewhere: they are recorded all the same.
    const takesNoEvents = () => [log.trouble, ...troubles.list()].filter(present);
    const services = [
      cloudTrailService({
        schema: loadSchema('cloudtrail'),
        state,
        objects,
        history,
        log,
        clock,
        random,
        trailsChanged() {
          trailsChanged();
          organizationUpkeep.trailsChanged();
        },
        organizations: organizations.forCloudTrail,
        topics: monitoring.topics,
        logGroups,
        publicKeys: async (region, startMs, endMs) =>
          (await signingKeys.list(region, startMs, endMs)).map(({ value, ...key }) => ({ ...key, valueDer: value })),
        regions: config.regions,
        rateQuotas: config.rateQuotas,
        historyDays: config.historyDays,
      }),
      cloudTrailDataService({ schema: loadSchema('cloudtrail-data') }),
      s3Service({
        schema: loadSchema('s3'),
        store: withReserve(store, space.shortage),
        clock,
        random,
        keys,
        authorizer,
        notifications,
      }),
      stsService({
        schema: loadSchema('sts'),
        sessions,
        directory: iam,
        denialMessages,
        oidcKeys: createOidcKeys(createOidcFetch({ internalOrigins: config.oidcInternal, clock }), clock),
        authorizer,
        state,
        clock,
      }),
      kms.service,
      organizations.service,
      iamService({
        schema: loadCatalogue().schema('iam')!,
        store: iam,
        sealer,
        clock,
        random,
        roleUses: createTrailRoleUses({ state, organizations: organizations.forCloudTrail }),
      }),
      openTrailService({
        schema: loadSchema('opentrail'),
        log,
        history,
        lake,
        random,
        state,
        status: () => ({ lagEvents: lagEvents(), troubles: [lake.trouble, ...takesNoEvents()].filter(present) }),
        rulesChanged: rules.rulesChanged,
        clock,
        within: (context, part) => pipeline.within(context, part),
        organizations: organizations.forCloudTrail,
        accounts: identities.accounts,
        operatorAccountId: config.accountId,
        instanceId,
      }),
      ...monitoring.services,
    ];
    const stopping = new AbortController();
    const findAccessKey = async (accessKeyId: string, sessionToken: string | undefined) =>
      accessKeyId.startsWith(SESSION_PREFIX)
        ? findSessionKey(accessKeyId, sessionToken)
        : identities.findAccessKey(accessKeyId);
    const pipeline = createPipeline({
      services,
      keyUsed: iam.noteUse,
      findAccessKey,
      authorizer,
      auditor,
      clock,
      random,
      logger,
      metrics,
      stopping: stopping.signal,
      defaultRegion: config.region,
      hostSuffixes: config.hostSuffixes,
    });
    const health = createHealthPages({
      metrics,
      refresh() {
        metrics.logEndSequence.set(log.end);
        for (const [follower, lag] of Object.entries(lagEvents())) metrics.followerLagEvents.set({ follower }, lag);
      },
      troubles: takesNoEvents,
    });
    const server = closing(
      await listen(
        async (req, res) => {
          if (!(await health(req, res)) && !monitoring.answer(req, res)) await pipeline.answer(req, res);
        },
        {
          host: config.host,
          port: config.port,
          after: clock.after,
          refuse: pipeline.refuse,
          ...tlsOf(config.tlsCert, config.tlsKey),
        },
      ),
      (s) => {
        stopping.abort();
        return s.stop(STOP_GRACE_MS);
      },
    );
    port = server.port;
    monitoring.start();
    const ofListeners = { config, state, auditor, clock, random, logger, metrics, closing };
    const webConsole = config.console
      ? await openConsoleListener({
          ...ofListeners,
          endpoint,
          pipeline,
          findKey: findAccessKey,
          iam,
          accounts: identities.accounts,
          issue: sessions.issue,
          authorizer,
          sealer,
          stopping,
        })
      : undefined;
    const gateway =
      config.upstream.length === 0
        ? undefined
        : await openGateway({
            ...ofListeners,
            dataDir: dataDir.path,
            ownKeys: async (id, token) => ownIdentity(id, await findAccessKey(id, token)),
          });
    return {
      port: server.port,
      ...(gateway && { gateway }),
      ...(webConsole && { console: webConsole }),
      dataDir: dataDir.path,
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    if (systemErrorCode(error) === 'ENOSPC' || error instanceof Pushback) {
      throw new OperatorError(
        `The disk of ${config.dataDir} is too full to start. Free some space there and start again; nothing is lost.`,
        { cause: error },
      );
    }
    throw error;
  }
}
