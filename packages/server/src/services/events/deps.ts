import type { Sealer } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Mailboxes } from '../../ports/mailboxes.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Courier } from '../courier.ts';
import type { Book } from './book.ts';
import type { Router } from './router.ts';
import type { EventsStore } from './store.ts';

/** What the operations work with. */
export interface EventsDeps {
  readonly schema: ServiceSchema;
  readonly store: EventsStore;
  readonly book: Book;
  readonly router: Router;
  readonly courier: Pick<Courier, 'drop'>;
  readonly mailboxes: Pick<Mailboxes, 'drop' | 'entries'>;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** The sequence that the Log's next event will get. */
  readonly logEnd: () => number;
  readonly random: Random;
  /** A replay was started or is to be cancelled. */
  readonly replaysChanged: () => void;
  /** Rules with schedules may have changed. */
  readonly schedulesChanged: () => void;
}
