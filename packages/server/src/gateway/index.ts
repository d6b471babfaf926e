import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Directory } from '../access/directory.ts';
import type { Clock } from '../base/clock.ts';
import type { AwsError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import type { Auditor } from '../wire/audit.ts';
import type { EncodedResponse, ErrorTarget } from '../wire/codec/index.ts';
import type { HttpRequest } from '../wire/request.ts';
import type { Credentials } from '../wire/sigv4/index.ts';
import { type AdmissionOptions, createAdmission } from './admit.ts';
import { failureAnswer } from './failure-answers.ts';
import { createProxy, type ProxyLimits, type Route, type Wants } from './proxy.ts';
import { createRecogniser, type Recognised } from './recognise.ts';
import { createRecorder, type OwnKeys } from './recorder.ts';
import { createUpstreams, parseUpstreams } from './upstreams.ts';

export interface GatewayOptions {
  /** `s3=http://127.0.0.1:9000`, `*=…`. */
  readonly upstream: readonly string[];
  /** PEM text. */
  readonly upstreamCa?: string | undefined;
  readonly limits?: Partial<ProxyLimits>;
  /** The gateway's own names, under which services and buckets have theirs. */
  readonly hostSuffixes: readonly string[];
  readonly defaultRegion: string;
  readonly signatures: AdmissionOptions['signatures'];
  /** What requests are signed anew with. */
  readonly upstreamCredentials?: (() => Credentials) | undefined;
}

export interface GatewayDeps {
  readonly catalogue: Catalogue;
  readonly directory: Directory;
  readonly auditor: Auditor;
  readonly ownKeys?: OwnKeys | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** To be listened with: `listen(gateway.handle, {refuse: gateway.refuse, handlesExpect: true, …})`. */
export interface Gateway {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Words an answer to what never became a request. */
  refuse(error: AwsError): EncodedResponse;
  /** Cuts what is still under way. */
  close(): void;
}

/** Parameters and answers that a record shows have at most 100 KB of JSON; on the wire they may take more. */
const COPY_BYTES_MAX = 1024 * 1024;
/** Of what moves objects only headers are recorded, and errors, which are short. */
const OBJECT_COPY: Wants = { requestBytes: 0, answerBytes: 64 * 1024 };
const WHOLE_COPY: Wants = { requestBytes: COPY_BYTES_MAX, answerBytes: COPY_BYTES_MAX };
const MOVES_OBJECTS: ReadonlySet<string> = new Set(['GetObject', 'PutObject', 'UploadPart']);

/**
 * The capture gateway: passes every call on to its upstream, byte for byte, and makes its CloudTrail record.
 * @throws OperatorError for upstreams that make no sense
 */
export function createGateway(options: GatewayOptions, deps: GatewayDeps): Gateway {
  const { catalogue, random } = deps;
  const addresses = parseUpstreams(options.upstream);
  const upstreams = createUpstreams(addresses, options.upstreamCa === undefined ? {} : { ca: options.upstreamCa });
  const ownHosts = options.hostSuffixes;
  const recorder = createRecorder({ ...deps, ownHosts, recogniser: createRecogniser(catalogue, options) });
  const routeOf = (http: HttpRequest): Route => {
    const seen = recorder.seen(http);
    const { recognised } = seen;
    return {
      seen,
      claimed: recognised,
      upstream: upstreams.for(recognised.signingName),
      wants: wantsOf(recognised),
      target: targetOf(recognised),
    };
  };
  const { signatures, upstreamCredentials: credentials } = options;
  const admission =
    signatures === 'pass'
      ? undefined
      : createAdmission({
          ...deps,
          signatures,
          find: async (id, token) => deps.directory.find(id) ?? (await deps.ownKeys?.(id, token)),
          resign: credentials && { credentials, ownHosts },
        });
  const proxy = createProxy({
    ...deps,
    routeOf,
    recorder,
    admission,
    ...(options.limits && { limits: options.limits }),
  });
  return {
    handle: proxy.handle,
    refuse(error) {
      deps.metrics.gatewayCalls.inc({ upstream: 'none', outcome: 'refused' });
      return failureAnswer({ protocol: 'restXml' }, error, random, '/');
    },
    close() {
      proxy.close();
      upstreams.close();
    },
  };
}

const wantsOf = ({ detected }: Recognised): Wants =>
  detected?.schema.id === 's3' && MOVES_OBJECTS.has(detected.operation ?? '') ? OBJECT_COPY : WHOLE_COPY;

const targetOf = ({ detected }: Recognised): ErrorTarget =>
  detected ? { schema: detected.schema, protocol: detected.protocol } : { protocol: 'restXml' };
