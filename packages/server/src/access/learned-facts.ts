import type { KeyOwner, KnownAccount, KnownKey, KnownRole, KnownUser } from './known-keys.ts';

/**
 * Something that an answer of the upstream said. Every fact names the account it is about, and changes nothing of any
 * other account.
 */
export type LearnedFact =
  | { readonly fact: 'account'; readonly accountId: string; readonly account: KnownAccount }
  | { readonly fact: 'user'; readonly accountId: string; readonly userName: string; readonly user: KnownUser }
  | {
      readonly fact: 'user-renamed';
      readonly accountId: string;
      readonly userName: string;
      readonly newUserName: string;
    }
  | { readonly fact: 'user-gone'; readonly accountId: string; readonly userName: string }
  | { readonly fact: 'role'; readonly accountId: string; readonly roleName: string; readonly role: KnownRole }
  | { readonly fact: 'role-gone'; readonly accountId: string; readonly roleName: string }
  | { readonly fact: 'key'; readonly accessKeyId: string; readonly key: KnownKey }
  | ({ readonly fact: 'key-status'; readonly active: boolean } & KeyOfOwner)
  | ({ readonly fact: 'key-gone' } & KeyOfOwner);

/** A key as IAM's calls name it: one of that owner's, or it is not meant. */
interface KeyOfOwner {
  readonly accessKeyId: string;
  readonly accountId: string;
  /** undefined: the call did not say, and the caller is not known. */
  readonly owner: KeyOwner | undefined;
}

/**
 * What is known of a key after `heard` was said of it; undefined when that contradicts what is known better.
 *
 * - What the operator's file says stands (the file's keys never come here).
 * - Credentials that the upstream just handed out belong to whom it handed them, whatever was thought of the id before.
 *   But a session never takes the place of a long-term key that was handed out: no service makes the one of the other.
 * - What an answer merely tells of a key is taken when nothing is known of it, or nothing better, in the same account.
 *   It completes what is known of the same owner, never changes it.
 */
export function knownAfter(known: KnownKey | undefined, heard: KnownKey): KnownKey | undefined {
  if (!known) return heard;
  if (heard.source === 'issued') {
    return known.source === 'issued' && !known.session && heard.session ? undefined : heard;
  }
  if (known.accountId !== heard.accountId) return undefined;
  if (sameOwner(known.owner, heard.owner)) {
    const owner = { ...heard.owner, ...known.owner } as KeyOwner;
    return { ...known, owner, active: heard.active };
  }
  return known.source === 'seen' ? heard : undefined;
}

/** Whether both can be one principal: same kind, and no contradiction in what both know. */
export function sameOwner(a: KeyOwner, b: KeyOwner): boolean {
  const [x, y]: Readonly<Record<string, unknown>>[] = [{ ...a }, { ...b }];
  return Object.keys(x!).every((name) => name === 'issuer' || !(name in y!) || x![name] === y![name]);
}
