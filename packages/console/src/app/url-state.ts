import { useCallback, useMemo } from 'react';
import { navigate, placeNow, usePlace } from './router.ts';

/** How one value of a page's state is written in the address. What has its default is left out of it. */
export interface Param<T> {
  readonly initial: T;
  /** Undefined for what cannot be read: then it has its default. */
  read(text: string): T | undefined;
  write(value: T): string;
}

export type ParamsOf = Readonly<Record<string, Param<unknown>>>;
export type StateOf<P> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

export const text = (initial = ''): Param<string> => ({ initial, read: (t) => t, write: (v) => v });

export const integer = (initial: number): Param<number> => ({
  initial,
  read: (t) => (/^-?\d{1,15}$/.test(t) ? Number(t) : undefined),
  write: String,
});

export const flag = (initial = false): Param<boolean> => ({
  initial,
  read: (t) => (t === '1' || t === '' ? true : t === '0' ? false : undefined),
  write: (v) => (v ? '1' : '0'),
});

export const oneOf = <T extends string>(values: readonly T[], initial: T): Param<T> => ({
  initial,
  read: (t) => values.find((v) => v === t),
  write: (v) => v,
});

/** Values without commas. */
export const list = (initial: readonly string[] = []): Param<readonly string[]> => ({
  initial,
  read: (t) => (t === '' ? [] : t.split(',')),
  write: (v) => v.join(','),
});

export function readState<P extends ParamsOf>(params: P, search: string): StateOf<P> {
  const given = new URLSearchParams(search);
  const values = Object.entries(params).map(([name, param]) => {
    const written = given.get(name);
    return [name, written === null ? param.initial : (param.read(written) ?? param.initial)];
  });
  return Object.fromEntries(values) as StateOf<P>;
}

/** The query of an address with this state, `?` included, or empty. Names that are not the page's stay. */
export function writeState<P extends ParamsOf>(params: P, search: string, patch: Partial<StateOf<P>>): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(patch)) {
    const param = params[name];
    if (!param) continue;
    const written = param.write(value);
    if (value === undefined || written === param.write(param.initial)) query.delete(name);
    else query.set(name, written);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/**
 * The page's state in the address: shared by sharing it, and the browser's Back undoes a step.
 * @param params a constant of the module
 */
export function useUrlState<P extends ParamsOf>(
  params: P,
): readonly [StateOf<P>, (patch: Partial<StateOf<P>>, options?: { replace?: boolean }) => void] {
  const { search } = usePlace();
  const state = useMemo(() => readState(params, search), [params, search]);
  const change = useCallback(
    (patch: Partial<StateOf<P>>, options?: { replace?: boolean }) => {
      const place = placeNow();
      navigate(place.path + writeState(params, place.search, patch), options);
    },
    [params],
  );
  return [state, change];
}
