import { type State, type StateChange, StateConflict, type StateEntry } from '../../ports/state.ts';
import { snsError } from './errors.ts';
import { placeOfTopic, readSubscriptionArn, type Subscription, type Topic, type TopicPlace } from './model.ts';

/**
 * Topics and subscriptions in State: `sns/<account>/<region>/topic/<name>` and
 * `sns/<account>/<region>/subscription/<topic>/<id>`. A subscription lies with its topic, whosever it is.
 */
export interface SnsStore {
  topic(arn: string): Promise<StateEntry<Topic> | undefined>;
  /** @throws AwsError NotFound */
  requireTopic(arn: string): Promise<StateEntry<Topic>>;
  countTopics(accountId: string, region: string): Promise<number>;
  /** In the order of their names, from the one after `after` on. */
  topics(accountId: string, region: string, after: string, limit: number): Promise<readonly Topic[]>;
  subscription(arn: string): Promise<StateEntry<Subscription> | undefined>;
  /** Those that are confirmed, or may still be. */
  subscriptions(topicArn: string): Promise<readonly Subscription[]>;
  /** Of the account, to topics of any account in the Region. */
  subscriptionsOwnedBy(accountId: string, region: string): Promise<readonly Subscription[]>;
  /**
   * Changes a topic and its subscriptions in one write, after what others wrote before. `work` runs again when somebody
   * was faster, and MUST have no other effects. What it makes of the topic (undefined: the topic goes) is written in any
   * case, so that nobody subscribes to a topic that goes. @throws AwsError NotFound; what `work` throws
   */
  changeTopic<T>(
    arn: string,
    work: (topic: Topic, subscriptions: readonly Subscription[]) => TopicChange<T>,
  ): Promise<T>;
  /** @throws StateConflict when it exists */
  putNewTopic(topic: Topic): Promise<void>;
  /** @returns the changed one, or undefined when it is gone */
  changeSubscription(arn: string, work: (known: Subscription) => Subscription): Promise<Subscription | undefined>;
}

export interface TopicChange<T> {
  readonly topic: Topic | undefined;
  readonly put?: readonly Subscription[];
  /** ARNs */
  readonly remove?: readonly string[];
  readonly result: T;
}

const ROOT = 'sns/';
/** Only other writers of the same topic make an attempt vain. */
const ATTEMPTS_MAX = 16;

const topicsOf = (accountId: string, region: string) => `${ROOT}${accountId}/${region}/topic/`;
const keyOfTopic = ({ accountId, region, name }: TopicPlace) => topicsOf(accountId, region) + name;
const subscriptionsOf = ({ accountId, region, name }: TopicPlace) =>
  `${ROOT}${accountId}/${region}/subscription/${name}/`;
function keyOfSubscription(arn: string): string {
  const { place, id } = readSubscriptionArn(arn);
  return subscriptionsOf(place) + id;
}

export function createSnsStore(state: State, now: () => number): SnsStore {
  const isStanding = ({ pendingUntilMs }: Subscription) => pendingUntilMs === undefined || pendingUntilMs > now();
  const values = async <T>(prefix: string) => (await state.list<T>(prefix)).map(({ value }) => value);
  const topic = (arn: string) => state.get<Topic>(keyOfTopic(placeOfTopic(arn)));

  async function requireTopic(arn: string) {
    const found = await topic(arn);
    if (!found) throw snsError('NotFound', 'Topic does not exist');
    return found;
  }

  async function subscription(arn: string) {
    const found = await state.get<Subscription>(keyOfSubscription(arn));
    return found && isStanding(found.value) ? found : undefined;
  }

  return {
    topic,
    requireTopic,
    countTopics: (accountId, region) => state.count(topicsOf(accountId, region)),
    topics: async (accountId, region, after, limit) => {
      const all = topicsOf(accountId, region);
      return (await state.page<Topic>(all, all + after, limit)).map(({ value }) => value);
    },
    subscription,
    subscriptions: async (arn) => (await values<Subscription>(subscriptionsOf(placeOfTopic(arn)))).filter(isStanding),
    async subscriptionsOwnedBy(accountId, region) {
      const all = await state.list<Subscription>(ROOT);
      const [here, kind] = [`/${region}/`, '/subscription/'];
      return all
        .filter(({ key, value }) => key.includes(here) && key.includes(kind) && value.ownerId === accountId)
        .map(({ value }) => value)
        .filter(isStanding);
    },
    changeTopic: (arn, work) =>
      tryAgain(async () => {
        const known = await requireTopic(arn);
        const all = await values<Subscription>(subscriptionsOf(known.value));
        const gone = all.filter((one) => !isStanding(one)).map((one) => one.arn);
        const { topic: next, put = [], remove = [], result } = work(known.value, all.filter(isStanding));
        const key = keyOfTopic(known.value);
        const ifVersion = known.version;
        const changes: StateChange[] = [
          next ? { put: key, value: next, ifVersion } : { delete: key, ifVersion },
          ...put.map((one) => ({ put: keyOfSubscription(one.arn), value: one })),
          ...[...new Set([...gone, ...remove])].map((one) => ({ delete: keyOfSubscription(one) })),
        ];
        await state.write(changes);
        return result;
      }),
    putNewTopic: (made) => state.write([{ put: keyOfTopic(made), value: made, ifVersion: 'absent' }]),
    changeSubscription: (arn, work) =>
      tryAgain(async () => {
        const known = await subscription(arn);
        if (!known) return undefined;
        const next = work(known.value);
        await state.write([{ put: known.key, value: next, ifVersion: known.version }]);
        return next;
      }),
  };
}

async function tryAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StateConflict)) throw error;
      if (attempts === ATTEMPTS_MAX) {
        throw snsError('ConcurrentAccess', 'The topic is being changed by other requests. Try again.');
      }
    }
  }
}
