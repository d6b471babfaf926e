import type { ReactNode } from 'react';
import { createStore } from '../base/store.ts';

/** What a page gives to the frame around it; set by `Page` in ui/page.tsx. */
export interface Frame {
  readonly title: string;
  readonly breadcrumbs: readonly { readonly text: string; readonly href: string }[];
  readonly contentType: 'default' | 'table' | 'form' | 'wizard' | 'dashboard';
  readonly splitPanel?: ReactNode;
  readonly splitPanelOpen?: boolean;
  readonly onSplitPanelToggle?: (open: boolean) => void;
}

export const frameStore = createStore<Frame>({ title: '', breadcrumbs: [], contentType: 'default' });
