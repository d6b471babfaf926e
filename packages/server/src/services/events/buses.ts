import type { CallContext, Handler } from '../../wire/service.ts';
import { type PolicyJson, readBusPolicy, statementsOf } from './bus-policy.ts';
import type { EventsDeps } from './deps.ts';
import { eventsError, invalid, limitExceeded, unsupported } from './errors.ts';
import { type Bus, busArn, busOf, DEFAULT_BUS, type Tag } from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { defaultBus, type EventsStore, findBus, found, placeOf } from './store.ts';
import { checkTags } from './tags.ts';

/** EventBridge's quota, an account and Region. */
const BUSES_MAX = 100;

interface BusInput {
  readonly Name?: string;
  readonly Description?: string;
  readonly EventSourceName?: string;
  readonly KmsKeyIdentifier?: string;
  readonly LogConfig?: object;
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly Tags?: readonly Tag[];
}

export function createBusHandlers({ store, clock }: EventsDeps): Record<string, Handler> {
  return {
    async CreateEventBus(context: CallContext, input: BusInput & { readonly Name: string }) {
      refuseUnbuilt(input);
      const { Name: name, Description: description, DeadLetterConfig, Tags = [] } = input;
      const place = placeOf(context);
      if ((await store.list(place, 'bus')).length >= BUSES_MAX) {
        throw limitExceeded(`The requested resource exceeds the maximum number allowed: ${BUSES_MAX} event buses.`);
      }
      const nowMs = clock.now();
      const arn = busArn(place, name);
      await store.change(place, 'bus', name, (old) => {
        if (old || name === DEFAULT_BUS) {
          throw eventsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
        }
        return {
          ...place,
          name,
          arn,
          createdMs: nowMs,
          modifiedMs: nowMs,
          tags: checkTags(Tags),
          ...(description !== undefined && { description }),
          ...(DeadLetterConfig?.Arn !== undefined && { deadLetterArn: DeadLetterConfig.Arn }),
        };
      });
      return { EventBusArn: arn, ...shownSettings({ description, deadLetterArn: DeadLetterConfig?.Arn }) };
    },

    async UpdateEventBus(context: CallContext, input: BusInput) {
      refuseUnbuilt(input);
      const { Name: name = DEFAULT_BUS, Description: description, DeadLetterConfig } = input;
      const bus = await changeBus(store, context, name, (old) => ({
        ...old,
        modifiedMs: clock.now(),
        ...(description !== undefined && { description }),
        ...(DeadLetterConfig?.Arn !== undefined && { deadLetterArn: DeadLetterConfig.Arn }),
      }));
      return { Arn: bus.arn, Name: name, ...shownSettings(bus) };
    },

    async DeleteEventBus(context: CallContext, { Name: name }: { readonly Name: string }) {
      if (name === DEFAULT_BUS) throw invalid('Cannot delete event bus default.');
      const place = placeOf(context);
      if ((await store.list(place, 'rule', `${name}/`)).length > 0) {
        throw invalid(`Event bus ${name} has rules. Delete them first.`);
      }
      await store.change(place, 'bus', name, () => undefined);
      return {};
    },

    async DescribeEventBus(context: CallContext, { Name }: { readonly Name?: string }) {
      const { name, ...place } = busOf(placeOf(context), Name);
      return shownBus(await findBus(store, place, name), true);
    },

    async ListEventBuses(context: CallContext, input: PageRequest & { readonly NamePrefix?: string }) {
      const { NamePrefix = '' } = input;
      const place = placeOf(context);
      const stored = await store.list(place, 'bus');
      const own = stored.filter(({ name }) => name !== DEFAULT_BUS);
      const all = [stored.find(({ name }) => name === DEFAULT_BUS) ?? defaultBus(place), ...own];
      const listed = all.filter(({ name }) => name.startsWith(NamePrefix)).sort((a, b) => (a.name < b.name ? -1 : 1));
      const { page, ...rest } = pageOf(listed, ({ name }) => name, input, ['ListEventBuses', NamePrefix]);
      return { EventBuses: page.map((bus) => shownBus(bus, false)), ...rest };
    },

    async PutPermission(context: CallContext, input: PermissionInput) {
      const { EventBusName: name = DEFAULT_BUS, Policy } = input;
      await changeBus(store, context, name, (old) => {
        const policy = Policy ?? JSON.stringify(withStatement(old, input));
        readBusPolicy(policy);
        return { ...old, policy, modifiedMs: clock.now() };
      });
      return {};
    },

    async RemovePermission(context: CallContext, input: RemovalInput) {
      const { EventBusName: name = DEFAULT_BUS, StatementId: sid, RemoveAllPermissions: all } = input;
      if (!all && sid === undefined) throw invalid('Parameter StatementId is required.');
      await changeBus(store, context, name, (old) => {
        const statements = statementsOf(old);
        const left = all ? [] : statements.filter(({ Sid }) => Sid !== sid);
        if (!all && left.length === statements.length) {
          throw eventsError('ResourceNotFoundException', `Statement with the provided id does not exist.`);
        }
        const { policy: _, ...rest } = old;
        const policy = left.length === 0 ? {} : { policy: JSON.stringify({ ...policyJson(old), Statement: left }) };
        return { ...rest, ...policy, modifiedMs: clock.now() };
      });
      return {};
    },
  };
}

interface PermissionInput {
  readonly EventBusName?: string;
  readonly Action?: string;
  readonly Principal?: string;
  readonly StatementId?: string;
  readonly Condition?: { readonly Type?: string; readonly Key?: string; readonly Value?: string };
  readonly Policy?: string;
}

interface RemovalInput {
  readonly EventBusName?: string;
  readonly StatementId?: string;
  readonly RemoveAllPermissions?: boolean;
}

const policyJson = ({ policy }: Bus): PolicyJson =>
  policy === undefined ? { Version: '2012-10-17', Statement: [] } : (JSON.parse(policy) as PolicyJson);

/** The older way: one statement, put together from its parts. */
function withStatement(bus: Bus, { Action, Principal, StatementId, Condition }: PermissionInput): PolicyJson {
  const missing = Object.entries({ Action, Principal, StatementId }).find(([, value]) => value === undefined);
  if (missing) throw invalid(`Parameter ${missing[0]} is required where there is no Policy.`);
  const statement = {
    Sid: StatementId!,
    Effect: 'Allow',
    Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` },
    Action,
    Resource: bus.arn,
    ...(Condition && { Condition: { [Condition.Type ?? '']: { [Condition.Key ?? '']: Condition.Value } } }),
  };
  const others = statementsOf(bus).filter(({ Sid }) => Sid !== StatementId);
  return { ...policyJson(bus), Statement: [...others, statement] };
}

async function changeBus(
  store: EventsStore,
  context: CallContext,
  name: string,
  change: (old: Bus) => Bus,
): Promise<Bus> {
  const place = placeOf(context);
  let changed: Bus | undefined;
  await store.change(place, 'bus', name, (old) => {
    changed = change(found(old ?? (name === DEFAULT_BUS ? defaultBus(place) : undefined), `Event bus ${name}`));
    return changed;
  });
  return changed!;
}

/** Members that would change what a bus does: ignoring them would be a lie. */
function refuseUnbuilt({ EventSourceName, KmsKeyIdentifier, LogConfig }: BusInput): void {
  if (EventSourceName !== undefined) throw unsupported('partner event sources');
  if (KmsKeyIdentifier) throw unsupported('KMS keys of event buses');
  if (LogConfig !== undefined) throw unsupported('LogConfig');
}

const shownSettings = ({
  description,
  deadLetterArn,
}: {
  description?: string | undefined;
  deadLetterArn?: string | undefined;
}) => ({
  ...(description !== undefined && { Description: description }),
  ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
});

function shownBus(bus: Bus, whole: boolean) {
  const { name, arn, policy, createdMs, modifiedMs, description } = bus;
  return {
    Name: name,
    Arn: arn,
    ...(whole ? shownSettings(bus) : description !== undefined && { Description: description }),
    ...(policy !== undefined && { Policy: policy }),
    // Nobody made the default bus.
    ...(createdMs > 0 && { CreationTime: new Date(createdMs) }),
    ...(modifiedMs > 0 && { LastModifiedTime: new Date(modifiedMs) }),
  };
}
