import { Pushback } from '../../base/errors.ts';

/** How many of something may be under way: in all, and of one account, so that it leaves the others some. */
export interface AtOnce {
  /** For people: `verifications`. */
  readonly what: string;
  readonly max: number;
  readonly ofAccountMax: number;
}

/** @returns takes a place for an account, and gives what gives it back; throws Pushback when there is none */
export function limitAtOnce({ what, max, ofAccountMax }: AtOnce): (accountId: string) => () => void {
  const running = new Map<string, number>();
  let all = 0;
  return (accountId) => {
    const mine = running.get(accountId) ?? 0;
    if (mine >= ofAccountMax) throw new Pushback(`account ${accountId} has ${mine} ${what} under way already`);
    if (all >= max) throw new Pushback(`${all} ${what} are under way already`);
    running.set(accountId, mine + 1);
    all++;
    return () => {
      const left = running.get(accountId)! - 1;
      if (left === 0) running.delete(accountId);
      else running.set(accountId, left);
      all--;
    };
  };
}
