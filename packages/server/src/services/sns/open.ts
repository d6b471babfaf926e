import type { Service } from '../../wire/service.ts';
import type { Topics } from '../doors.ts';
import { createDelivery } from './delivery.ts';
import type { SnsDeps } from './deps.ts';
import { createTopics } from './door.ts';
import { openFifo } from './fifo.ts';
import { snsService } from './index.ts';
import { createPublish } from './publish.ts';
import { createSender } from './send.ts';
import { openSigner } from './signing.ts';
import { createSnsStore } from './store.ts';
import { createTopicKeys } from './topic-keys.ts';

export interface Sns {
  readonly service: Service;
  /** For other services. */
  readonly topics: Topics;
  /** Where SigningCertURL leads, and what is there. */
  readonly certificate: { readonly path: string; readonly pem: string };
  /** Begins to deliver: once the server listens, for subscribers answer at once. */
  start(): void;
  /** Resolves when no delivery is under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** @throws OperatorError when the key that signs messages does not open */
export async function openSns(deps: SnsDeps): Promise<Sns> {
  const now = () => deps.clock.now();
  const store = createSnsStore(deps.state, now);
  const signer = await openSigner(deps);
  const sender = createSender({ ...deps, signer });
  const keys = createTopicKeys(deps);
  const delivery = createDelivery({ ...deps, store, sender, keys });
  const fifo = await openFifo({ state: deps.state, mailboxes: deps.mailboxes, now });
  const publish = createPublish(deps, store, fifo, keys, delivery.handOver);
  return {
    service: snsService(deps, { store, fifo, delivery, publish }),
    topics: createTopics(deps, store, publish),
    certificate: { path: signer.certificatePath, pem: signer.certificatePem },
    start: delivery.start,
    idle: delivery.idle,
    close: delivery.close,
  };
}
