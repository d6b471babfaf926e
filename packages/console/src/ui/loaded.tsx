import type { ReactNode } from 'react';
import type { Call } from '../hooks/use-call.ts';
import { ErrorState } from './error-state.tsx';
import { Loading } from './loading.tsx';

interface LoadedProps<T> {
  readonly call: Call<T>;
  /** Title of the error. */
  readonly failed?: string;
  readonly children: (data: T) => ReactNode;
}

/** What a call brought, or why not yet or not at all. What an earlier run brought stays while a new one is under way. */
export function Loaded<T>({ call, failed, children }: LoadedProps<T>) {
  if (call.error) return <ErrorState error={call.error} title={failed} onRetry={call.reload} />;
  if (call.data === undefined) return <Loading />;
  return <>{children(call.data)}</>;
}
