import type { OrganizationSource } from '../../access/principal-policies.ts';
import type { Sealer } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { HttpSender } from '../../ports/http-sender.ts';
import type { MailSender } from '../../ports/mail-sender.ts';
import type { Mailboxes } from '../../ports/mailboxes.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Queues } from '../doors.ts';
import type { TopicKeysDeps } from './topic-keys.ts';

export interface SnsDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly mailboxes: Mailboxes;
  readonly http: HttpSender;
  /** Absent: no subscriptions by email. */
  readonly mail?: MailSender | undefined;
  /** Absent: no subscriptions of queues, and no dead-letter queues. */
  readonly queues?: Queues | undefined;
  readonly organizations?: OrganizationSource | undefined;
  readonly kms: TopicKeysDeps['kms'];
  /** For the key that signs messages. */
  readonly sealer: Sealer;
  /** Wraps the data keys of encrypted topics; for nothing else. */
  readonly rootKey: Buffer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where subscribers reach this server: `http://127.0.0.1:4570`. Asked for each message. */
  readonly endpoint: () => string;
  /** Told of each message that went its way or was given up. */
  readonly counted?: (protocol: string, outcome: 'delivered' | 'dead-letter' | 'lost') => void;
}
