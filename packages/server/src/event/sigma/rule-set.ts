import type { EventHeader } from '../event.ts';
import { compileSigmaRule, type SigmaRule } from './rule.ts';
import type { StoredRule } from './stored-rule.ts';

/** A stored rule, compiled. */
export interface ActiveRule {
  readonly stored: StoredRule;
  readonly rule: SigmaRule;
}

/** Of one account, or of all: most rules are about few API names, and only these need to be asked about an event. */
interface Shelf {
  readonly byName: Map<string, ActiveRule[]>;
  readonly ofAnyName: ActiveRule[];
}

export interface RuleSet {
  readonly size: number;
  /** The rules that may match an event, as far as its header tells. */
  concerning(header: EventHeader): readonly ActiveRule[];
}

/** @param refused told of what does not compile: a rule that another version of OpenTrail took */
export function createRuleSet(
  stored: readonly StoredRule[],
  refused: (rule: StoredRule, error: unknown) => void,
): RuleSet {
  const shelves = new Map<string, Shelf>();
  let size = 0;
  for (const one of stored) {
    try {
      const active = { stored: one, rule: compileSigmaRule(one.text) };
      const place = one.allAccounts ? EVERYONE : one.accountId;
      const shelf = shelves.get(place) ?? { byName: new Map(), ofAnyName: [] };
      shelves.set(place, shelf);
      for (const list of listsFor(shelf, active.rule)) list.push(active);
      size++;
    } catch (error) {
      refused(one, error);
    }
  }
  return {
    size,
    concerning({ accountId, eventName }) {
      const name = eventName.toLowerCase();
      const [own, everyones] = [shelves.get(accountId), shelves.get(EVERYONE)];
      return [own, everyones].flatMap((shelf) =>
        shelf ? [...(shelf.byName.get(name) ?? []), ...shelf.ofAnyName] : [],
      );
    },
  };
}

const EVERYONE = '*';

function listsFor({ byName, ofAnyName }: Shelf, { eventNames }: SigmaRule): ActiveRule[][] {
  if (!eventNames) return [ofAnyName];
  return [...eventNames].map((name) => {
    const list = byName.get(name) ?? [];
    byName.set(name, list);
    return list;
  });
}
