/** A small generator of its own, so that a failing run can be repeated by its seed. */
export type Next = () => number;
export function random(seed: number): Next {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
export const pick = <T>(next: Next, from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
