import type { EventHeader } from '../event.ts';
import { hasNeedle, haystackOf } from './needles.ts';
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
  /** The rules that may match an event, as far as can be told without parsing its record. */
  concerning(header: EventHeader, json: Buffer): readonly ActiveRule[];
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
    concerning({ accountId, eventName }, json) {
      const own = shelves.get(accountId);
      const everyones = shelves.get(EVERYONE);
      if (!own && !everyones) return NONE;
      const name = eventName.toLowerCase();
      const found: ActiveRule[] = [];
      let haystack: string | undefined;
      for (const shelf of [own, everyones]) {
        if (!shelf) continue;
        found.push(...(shelf.byName.get(name) ?? NONE));
        if (shelf.ofAnyName.length === 0) continue;
        haystack ??= haystackOf(json);
        for (const one of shelf.ofAnyName) if (hasNeedle(haystack, one.rule.needles)) found.push(one);
      }
      return found;
    },
  };
}

const NONE: readonly ActiveRule[] = [];
const EVERYONE = '*';

function listsFor({ byName, ofAnyName }: Shelf, { eventNames }: SigmaRule): ActiveRule[][] {
  if (!eventNames) return [ofAnyName];
  return [...eventNames].map((name) => {
    const list = byName.get(name) ?? [];
    byName.set(name, list);
    return list;
  });
}
