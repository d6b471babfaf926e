import { AwsError } from '../../base/errors.ts';
import {
  compileSigmaRule,
  PatternError,
  RULES_PREFIX,
  ruleKey,
  rulesOf,
  type SigmaRule,
  type StoredRule,
} from '../../event/sigma/index.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { denied, type OpenTrailDeps } from './deps.ts';

/** All public rules for CloudTrail are some 60. Each costs every event a little. */
const RULES_MAX = 500;

interface OfAccount {
  readonly AccountId?: string;
}

/** PutRule, GetRule, ListRules, DeleteRule: the Sigma rules that followers/rules.ts runs over new events. */
export function createRuleHandlers(deps: OpenTrailDeps): Record<string, Handler> {
  const { state, log, operatorAccountId, rulesChanged } = deps;
  // One change at a time, so that the limit holds.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  async function found(context: CallContext, input: OfAccount & { RuleId?: string }): Promise<StoredRule> {
    const accountId = accountOf(context, input);
    const id = input.RuleId ?? '';
    const entry = await state.get<StoredRule>(ruleKey(accountId, id.slice(0, RULE_ID_CHARS_MAX)));
    if (!entry)
      throw new AwsError('ResourceNotFoundException', `Account ${accountId} has no rule ${id}.`, { status: 404 });
    return entry.value;
  }

  return {
    PutRule: (context, input: OfAccount & { Text?: string; AllAccounts?: boolean }) =>
      inTurn(async () => {
        const accountId = accountOf(context, input);
        const allAccounts = input.AllAccounts ?? false;
        if (allAccounts && (context.caller.accountId !== operatorAccountId || accountId !== operatorAccountId)) {
          throw denied(context, operatorAccountId);
        }
        const text = input.Text ?? '';
        const { id, title, level } = compiled(text);
        const known = (await state.get<StoredRule>(ruleKey(accountId, id)))?.value;
        if (!known && (await state.list(rulesOf(accountId))).length >= RULES_MAX) {
          throw new AwsError('LimitExceededException', `Account ${accountId} has ${RULES_MAX} rules already.`);
        }
        // A rule that is replaced stays in force: what it has not judged yet the new one judges.
        const { from, addedMs } = known ?? { from: log.end, addedMs: context.timeMs };
        const rule: StoredRule = { id, accountId, title, level, text, allAccounts, from, addedMs };
        await state.write([{ put: ruleKey(accountId, id), value: rule }]);
        rulesChanged();
        return { ...shown(rule), Status: known ? 'UPDATED' : 'ADDED' };
      }),
    GetRule: async (context, input) => {
      const rule = await found(context, input);
      return { ...shown(rule), Text: rule.text };
    },
    ListRules: async (context, input: OfAccount) => {
      const own = context.caller.accountId;
      const prefix =
        own === operatorAccountId && input.AccountId === undefined ? RULES_PREFIX : rulesOf(accountOf(context, input));
      return { Rules: (await state.list<StoredRule>(prefix)).map(({ value }) => shown(value)) };
    },
    DeleteRule: (context, input) =>
      inTurn(async () => {
        const { accountId, id } = await found(context, input);
        await state.write([{ delete: ruleKey(accountId, id) }]);
        rulesChanged();
        return {};
      }),
  };
}

/** Longer ids name nothing; State takes no key beyond its limit. */
const RULE_ID_CHARS_MAX = 64;

function accountOf({ caller }: CallContext, { AccountId = caller.accountId }: OfAccount): string {
  if (/^\d{12}$/.test(AccountId)) return AccountId;
  throw new AwsError('ValidationException', `account must be 12 digits, not ${JSON.stringify(AccountId)}.`);
}

function compiled(text: string): SigmaRule {
  try {
    return compileSigmaRule(text);
  } catch (error) {
    throw error instanceof PatternError ? new AwsError('ValidationException', error.message) : error;
  }
}

const shown = (rule: StoredRule) => ({
  RuleId: rule.id,
  AccountId: rule.accountId,
  Title: rule.title,
  Level: rule.level,
  AllAccounts: rule.allAccounts,
  AddedAt: new Date(rule.addedMs),
});
