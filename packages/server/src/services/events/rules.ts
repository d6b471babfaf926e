import { uuid } from '../../base/random.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { EventsDeps } from './deps.ts';
import { invalid, limitExceeded } from './errors.ts';
import {
  busOf,
  DEFAULT_BUS,
  type Place,
  type Rule,
  type RuleState,
  ruleArn,
  type Tag,
  type Target,
  targetBox,
} from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { checkPattern, matchesText } from './patterns.ts';
import { parseSchedule } from './schedule-expression.ts';
import { findBus, found, placeOf } from './store.ts';
import { checkTags } from './tags.ts';
import { checkTarget } from './targets.ts';

/** EventBridge's quotas. */
const RULES_MAX = 300;
const TARGETS_MAX = 5;

interface RuleInput {
  readonly Name: string;
  readonly EventBusName?: string;
}

interface PutRuleInput extends RuleInput {
  readonly ScheduleExpression?: string;
  readonly EventPattern?: string;
  readonly State?: RuleState;
  readonly Description?: string;
  readonly RoleArn?: string;
  readonly Tags?: readonly Tag[];
}

interface TargetsInput extends PageRequest {
  readonly Rule: string;
  readonly EventBusName?: string;
}

export function createRuleHandlers(deps: EventsDeps): Record<string, Handler> {
  const { store, clock, random, courier, logEnd, schedulesChanged } = deps;

  const ruleOf = async (context: CallContext, name: string, busName: string | undefined): Promise<Rule> => {
    const bus = busOf(placeOf(context), busName);
    await findBus(store, bus, bus.name);
    return found(await store.get(bus, 'rule', `${bus.name}/${name}`), `Rule ${name} on event bus ${bus.name}`);
  };

  /** Changes a rule that is there. */
  async function change(context: CallContext, name: string, busName: string | undefined, edit: (rule: Rule) => Rule) {
    const bus = busOf(placeOf(context), busName);
    await store.change(bus, 'rule', `${bus.name}/${name}`, (old) => {
      const rule = found(old, `Rule ${name} on event bus ${bus.name}`);
      return { ...edit(rule), modifiedMs: laterThan(rule, clock.now()) };
    });
    schedulesChanged();
  }

  const setState = (state: 'ENABLED' | 'DISABLED') => async (context: CallContext, input: RuleInput) => {
    await change(context, input.Name, input.EventBusName, (rule) => {
      const kept = state === 'ENABLED' && rule.state !== 'DISABLED';
      return kept ? rule : { ...rule, state, enabledMs: clock.now(), fromSequence: logEnd() };
    });
    return {};
  };

  return {
    async PutRule(context: CallContext, input: PutRuleInput) {
      const { Name: name, EventPattern: pattern, ScheduleExpression: schedule, State: state = 'ENABLED' } = input;
      const bus = busOf(placeOf(context), input.EventBusName);
      const { arn: busArn } = await findBus(store, bus, bus.name);
      checkTriggers(pattern, schedule, bus.name);
      const tags = checkTags(input.Tags ?? []);
      const place: Place = { accountId: bus.accountId, region: bus.region };
      const others = await store.list(place, 'rule', `${bus.name}/`);
      if (others.length >= RULES_MAX && !others.some((rule) => rule.name === name)) {
        throw limitExceeded(
          `The requested resource exceeds the maximum number allowed: ${RULES_MAX} rules on ${busArn}.`,
        );
      }
      const arn = ruleArn(place, bus.name, name);
      const nowMs = clock.now();
      await store.change(place, 'rule', `${bus.name}/${name}`, (old) => {
        const known = old ?? {
          ...place,
          id: uuid(random),
          name,
          arn,
          bus: bus.name,
          createdBy: context.caller.accountId,
          createdMs: nowMs,
          tags,
          targets: [],
        };
        const { pattern: _p, schedule: _s, description: _d, roleArn: _r, ...kept } = known as Rule;
        const goesOn = old !== undefined && old.state !== 'DISABLED';
        const sameSchedule = old?.schedule === schedule && old?.state === state;
        return {
          ...kept,
          state,
          enabledMs: sameSchedule && old ? old.enabledMs : nowMs,
          modifiedMs: laterThan(old, nowMs),
          fromSequence: goesOn ? old.fromSequence : logEnd(),
          ...(pattern !== undefined && { pattern }),
          ...(schedule !== undefined && { schedule }),
          ...(input.Description !== undefined && { description: input.Description }),
          ...(input.RoleArn !== undefined && { roleArn: input.RoleArn }),
        };
      });
      schedulesChanged();
      return { RuleArn: arn };
    },

    async DeleteRule(context: CallContext, { Name: name, EventBusName }: RuleInput) {
      const bus = busOf(placeOf(context), EventBusName);
      await findBus(store, bus, bus.name);
      await store.change(bus, 'rule', `${bus.name}/${name}`, (old) => {
        if (old && old.targets.length > 0) throw invalid("Rule can't be deleted since it has targets.");
        return undefined;
      });
      schedulesChanged();
      return {};
    },

    async DescribeRule(context: CallContext, { Name, EventBusName }: RuleInput) {
      const rule = await ruleOf(context, Name, EventBusName);
      return { ...shownRule(rule), CreatedBy: rule.createdBy };
    },

    async ListRules(context: CallContext, input: PageRequest & { EventBusName?: string; NamePrefix?: string }) {
      const bus = busOf(placeOf(context), input.EventBusName);
      await findBus(store, bus, bus.name);
      const { NamePrefix = '' } = input;
      const rules = await store.list(bus, 'rule', `${bus.name}/${NamePrefix}`);
      const { page, ...rest } = pageOf(rules, ({ name }) => name, input, ['ListRules', bus, NamePrefix]);
      return { Rules: page.map(shownRule), ...rest };
    },

    EnableRule: setState('ENABLED'),
    DisableRule: setState('DISABLED'),

    async ListRuleNamesByTarget(
      context: CallContext,
      input: PageRequest & { TargetArn: string; EventBusName?: string },
    ) {
      const bus = busOf(placeOf(context), input.EventBusName);
      await findBus(store, bus, bus.name);
      const rules = await store.list(bus, 'rule', `${bus.name}/`);
      const names = rules
        .filter(({ targets }) => targets.some(({ Arn }) => Arn === input.TargetArn))
        .map(({ name }) => name);
      const { page, ...rest } = pageOf(names, (name) => name, input, ['ListRuleNamesByTarget', bus, input.TargetArn]);
      return { RuleNames: page, ...rest };
    },

    async ListTargetsByRule(context: CallContext, input: TargetsInput) {
      const rule = await ruleOf(context, input.Rule, input.EventBusName);
      const sorted = [...rule.targets].sort((a, b) => (a.Id < b.Id ? -1 : 1));
      const { page, ...rest } = pageOf(sorted, ({ Id }) => Id, input, ['ListTargetsByRule', rule.arn]);
      return { Targets: page, ...rest };
    },

    async PutTargets(context: CallContext, input: TargetsInput & { readonly Targets: readonly Target[] }) {
      for (const target of input.Targets) checkTarget(target, placeOf(context));
      if (new Set(input.Targets.map(({ Id }) => Id)).size < input.Targets.length) {
        throw invalid('A target Id occurs more than once.');
      }
      await change(context, input.Rule, input.EventBusName, (rule) => {
        const targets = [...new Map([...rule.targets, ...input.Targets].map((one) => [one.Id, one])).values()];
        if (targets.length > TARGETS_MAX) {
          throw limitExceeded(
            `The requested resource exceeds the maximum number allowed: ${TARGETS_MAX} targets of a rule.`,
          );
        }
        return { ...rule, targets };
      });
      return { FailedEntryCount: 0, FailedEntries: [] };
    },

    async RemoveTargets(context: CallContext, input: TargetsInput & { readonly Ids: readonly string[] }) {
      const removed: string[] = [];
      let unknown: readonly string[] = [];
      await change(context, input.Rule, input.EventBusName, (rule) => {
        unknown = input.Ids.filter((id) => !rule.targets.some(({ Id }) => Id === id));
        removed.splice(
          0,
          removed.length,
          ...rule.targets.filter(({ Id }) => input.Ids.includes(Id)).map(({ Id }) => targetBox(rule, Id)),
        );
        return { ...rule, targets: rule.targets.filter(({ Id }) => !input.Ids.includes(Id)) };
      });
      for (const box of removed) await courier.drop(box);
      return {
        FailedEntryCount: unknown.length,
        FailedEntries: unknown.map((TargetId) => ({
          TargetId,
          ErrorCode: 'ResourceNotFoundException',
          ErrorMessage: `Target ${TargetId} does not exist on the rule.`,
        })),
      };
    },

    async TestEventPattern(_: CallContext, input: { readonly EventPattern: string; readonly Event: string }) {
      return { Result: matchesText(input.EventPattern, input.Event) };
    },
  };
}

/** Each version of a rule has another time, which tells the versions apart. */
const laterThan = (rule: Rule | undefined, nowMs: number): number => Math.max(nowMs, (rule?.modifiedMs ?? 0) + 1);

/** @throws AwsError ValidationException, InvalidEventPatternException */
function checkTriggers(pattern: string | undefined, schedule: string | undefined, bus: string): void {
  if (pattern === undefined && schedule === undefined) {
    throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
  }
  if (pattern !== undefined) checkPattern(pattern);
  if (schedule === undefined) return;
  if (bus !== DEFAULT_BUS) throw invalid('ScheduleExpression is supported only on the default event bus.');
  if (!parseSchedule(schedule, 0)) throw invalid('Parameter ScheduleExpression is not valid.');
}

function shownRule(rule: Rule) {
  const { name, arn, pattern, schedule, state, description, roleArn, bus } = rule;
  return {
    Name: name,
    Arn: arn,
    ...(pattern !== undefined && { EventPattern: pattern }),
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
    State: state,
    ...(description !== undefined && { Description: description }),
    ...(roleArn !== undefined && { RoleArn: roleArn }),
    EventBusName: bus,
  };
}
