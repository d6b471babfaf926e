import type { Directory, KnownIdentity, LearnedFact } from '../access/directory.ts';
import { Pushback } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { type Random, uuid } from '../base/random.ts';
import { eventFromRecord } from '../event/record-from-call.ts';
import { recordFromUnknown } from '../event/record-from-unknown.ts';
import { type Auditor, eventsOfCall } from '../wire/audit.ts';
import type { Detected } from '../wire/detected.ts';
import type { HttpRequest } from '../wire/request.ts';
import type { Exchange } from './exchange.ts';
import { learnsFrom, teachesAtAll } from './learn.ts';
import { plainBody } from './plain-body.ts';
import type { Recorder } from './proxy.ts';
import { type ReadCall, type ReadDeps, readCall, type Seen } from './read-call.ts';
import type { Recognised, Recogniser } from './recognise.ts';

/** Who has a key of the server's own accounts; of temporary ones the token tells it. */
export type OwnKeys = (accessKeyId: string, sessionToken: string | undefined) => Promise<KnownIdentity | undefined>;

export interface RecorderDeps {
  readonly recogniser: Recogniser;
  readonly directory: Directory;
  readonly auditor: Auditor;
  /** Host names of the gateway's own. */
  readonly ownHosts: readonly string[];
  /** Who else has keys: the accounts of the server that the gateway is part of. */
  readonly ownKeys?: OwnKeys | undefined;
  readonly random: Random;
  readonly metrics: Metrics;
}

export interface GatewayRecorder extends Recorder {
  /** What a request's head tells; goes into its route, so that it is read once. */
  seen(http: HttpRequest): Seen;
}

/** Turns exchanges into records, and sees them into the Log by the audit settings; learns who is who on the way. */
export function createRecorder(deps: RecorderDeps): GatewayRecorder {
  const { recogniser, directory, auditor, ownHosts, ownKeys, random, metrics } = deps;

  const seen = (http: HttpRequest): Seen => {
    const recognised = recogniser.head(http);
    const { accessKeyId } = recognised;
    return { recognised, known: accessKeyId === undefined ? undefined : directory.find(accessKeyId) };
  };

  const reading: ReadDeps = { directory, ownHosts, newId: () => uuid(random) };
  const read = async (exchange: Exchange, head: Seen): Promise<ReadCall> => {
    const { http } = exchange;
    const { accessKeyId, detected } = head.recognised;
    const known =
      head.known ??
      (ownKeys && accessKeyId !== undefined ? await ownKeys(accessKeyId, sessionTokenIn(http)) : undefined);
    const requestBody = plainBody(exchange.requestBody, http.headers);
    const named = detected?.operation !== undefined;
    const recognised = named ? head.recognised : recogniser.whole(http, requestBody.bytes);
    const plain = requestBody === exchange.requestBody ? exchange : { ...exchange, requestBody };
    return readCall(reading, plain, { recognised, known });
  };

  /**
   * The answer that hands out a key waits until whose it is is durable. Where State cannot take that, the answer leaves
   * all the same: the upstream has acted, a secret that nobody received cannot be asked for again, and the record, which
   * is durable, tells whose the key is. It is known in memory from here on, is written as soon as State takes it, and
   * until then `check` refuses what would hand out more, before the upstream acts.
   */
  const learn = async (facts: readonly LearnedFact[]): Promise<void> => {
    if (facts.length > 0) await directory.learn(...facts).catch(() => {}); // the directory tells it, and tries again
  };
  const waits = auditor.settings.management === 'before-answer';

  return {
    seen,
    check(http, route) {
      const { detected } = (route.seen ?? seen(http)).recognised;
      auditor.check(detected?.schema.id ?? '', detected?.operation ?? '');
      if (waits && detected && mayTeachOf(detected) && directory.trouble !== undefined) {
        throw new Pushback(directory.trouble);
      }
    },
    async record(exchange, route) {
      const head = route.seen ?? seen(exchange.http);
      if (!isCall(exchange.http, head.recognised)) {
        metrics.gatewayUnrecorded.inc();
        return;
      }
      const { call, unknown, facts } = await read(exchange, head);
      const events = call ? eventsOfCall(call) : [eventFromRecord(recordFromUnknown(unknown!))];
      const learned = learn(facts);
      await auditor.keep(events, false);
      if (waits) await learned;
    },
  };
}

/** As far as the head tells: a form names its operation in the body. */
const mayTeachOf = ({ schema, operation }: Detected): boolean =>
  operation === undefined ? teachesAtAll(schema.id) : learnsFrom(schema.id, operation);

/** Pages of emulators and stores beside their AWS calls. */
const OWN_PAGES = /^\/(?:_aws|_localstack|_moto|admin|health|healthz|metrics|minio|moto-api|readyz|swift)(?:\/|$)/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What is not signed is a call only if it names an operation, or can be for an object. */
function isCall({ headers, rawPath }: HttpRequest, { authentication, detected }: Recognised): boolean {
  if (authentication !== 'None' || 'x-amz-target' in headers) return true;
  if (OWN_PAGES.test(rawPath) || detected === undefined) return false;
  return detected.schema.id !== 's3' || BUCKET.test(detected.labels.Bucket ?? '');
}

const sessionTokenIn = ({ headers, query }: HttpRequest): string | undefined =>
  headers['x-amz-security-token'] ?? query.find(([name]) => name === 'X-Amz-Security-Token')?.[1];
