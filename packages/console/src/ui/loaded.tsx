import type { ReactNode } from 'react';
import { isNotFound, messageOf } from '../api/error.ts';
import type { Call } from '../hooks/use-call.ts';
import { EmptyState } from './empty-state.tsx';
import { ErrorState } from './error-state.tsx';
import { Loading } from './loading.tsx';

interface LoadedProps<T> {
  readonly call: Call<T>;
  /** Title of the error. */
  readonly failed?: string;
  /** What to say, and where to go, when the server knows no such thing. Without it that is an error like any other. */
  readonly missing?: { readonly title: string; readonly back: { readonly text: string; readonly href: string } };
  readonly children: (data: T) => ReactNode;
}

/** What a call brought, or why not yet or not at all. What an earlier run brought stays while a new one is under way. */
export function Loaded<T>({ call, failed, missing, children }: LoadedProps<T>) {
  if (missing && isNotFound(call.error)) {
    return (
      <EmptyState title={missing.title} action={missing.back}>
        {messageOf(call.error)}
      </EmptyState>
    );
  }
  if (call.error) return <ErrorState error={call.error} title={failed} onRetry={call.reload} />;
  if (call.data === undefined) return <Loading />;
  return <>{children(call.data)}</>;
}
