import { Component, type ReactNode } from 'react';
import { messageOf } from '../api/error.ts';
import { ErrorState } from '../ui/error-state.tsx';

/**
 * A page that fails takes neither the frame nor the session with it. React knows no other way than a class.
 * A page's code that cannot be loaded mostly means that OpenTrail was updated: a reload brings the new console.
 */
export class PageBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const isStale = /dynamically imported module|Importing a module script|Unable to preload/.test(messageOf(error));
    return (
      <ErrorState
        title={isStale ? 'This page could not be loaded' : 'This page failed'}
        error={error}
        retryText="Reload"
        onRetry={() => window.location.reload()}
      />
    );
  }
}
