import type { Directory, KnownIdentity } from '../access/directory.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { type Random, uuid } from '../base/random.ts';
import { eventFromRecord } from '../event/record-from-call.ts';
import { recordFromUnknown } from '../event/record-from-unknown.ts';
import { type Auditor, eventsOfCall } from '../wire/audit.ts';
import type { HttpRequest } from '../wire/request.ts';
import type { Exchange } from './exchange.ts';
import type { Recorder } from './proxy.ts';
import { type ReadCall, readCall, type Seen } from './read-call.ts';
import type { Recognised, Recogniser } from './recognise.ts';

export interface RecorderDeps {
  readonly recogniser: Recogniser;
  readonly directory: Directory;
  readonly auditor: Auditor;
  /** Who else has keys: the accounts of the server that the gateway is part of. */
  readonly ownKeys?: ((accessKeyId: string) => Promise<KnownIdentity | undefined>) | undefined;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface GatewayRecorder extends Recorder {
  /** What a request's head tells: read once, whoever asks. */
  seen(http: HttpRequest): Seen;
}

/** Turns exchanges into records, and sees them into the Log by the audit settings; learns who is who on the way. */
export function createRecorder(deps: RecorderDeps): GatewayRecorder {
  const { recogniser, directory, auditor, ownKeys, random, logger, metrics } = deps;
  const heads = new WeakMap<HttpRequest, Seen>();

  const seen = (http: HttpRequest): Seen => {
    const found = heads.get(http);
    if (found) return found;
    const recognised = recogniser.head(http);
    const { accessKeyId } = recognised;
    const known = accessKeyId === undefined ? undefined : directory.find(accessKeyId);
    const made = { recognised, known, resigned: false };
    heads.set(http, made);
    return made;
  };

  const read = async (exchange: Exchange): Promise<ReadCall> => {
    const head = await withOwnKey(seen(exchange.http));
    const named = head.recognised.detected?.operation !== undefined;
    const recognised = named ? head.recognised : recogniser.whole(exchange.http, exchange.requestBody.bytes);
    return readCall({ directory, newId: () => uuid(random) }, exchange, { ...head, recognised });
  };

  const withOwnKey = async (head: Seen): Promise<Seen> => {
    const { accessKeyId } = head.recognised;
    if (head.known || accessKeyId === undefined || !ownKeys) return head;
    return { ...head, known: await ownKeys(accessKeyId) };
  };

  return {
    seen,
    check(http) {
      const { detected } = seen(http).recognised;
      auditor.check(detected?.schema.id ?? '', detected?.operation ?? '');
    },
    async record(exchange) {
      if (!isCall(exchange.http, seen(exchange.http).recognised)) {
        metrics.gatewayUnrecorded.inc();
        return;
      }
      const { call, unknown, facts } = await read(exchange);
      const events = call ? eventsOfCall(call) : [eventFromRecord(recordFromUnknown(unknown!))];
      await auditor.keep(events, false);
      if (facts.length === 0) return;
      // The call has happened and its record is kept: who cannot be remembered now will be Unknown later.
      await directory.learn(...facts).catch((error) => logger.warn({ err: error }, 'an identity could not be kept'));
    },
  };
}

/** Pages of emulators and stores beside their AWS calls. */
const OWN_PAGES = /^\/(?:_aws|_localstack|_moto|admin|health|healthz|metrics|minio|moto-api|readyz|swift)(?:\/|$)/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What is not signed is a call only if it names an operation, or can be for an object. */
function isCall({ headers, rawPath }: HttpRequest, { authentication, detected }: Recognised): boolean {
  if (authentication !== 'None' || 'x-amz-target' in headers) return true;
  if (OWN_PAGES.test(rawPath) || detected === undefined) return false;
  return detected.schema.id !== 's3' || BUCKET.test(detected.labels.Bucket ?? '');
}
