import { oneOf, text } from '../../app/url-state.ts';

export const TABS = ['status', 'files', 'events', 'settings', 'tags'] as const;

/** Of a trail's page, in its address: the tab, and where in the log files one is. */
export const DETAIL_STATE = { tab: oneOf(TABS, 'status'), folder: text(), file: text() } as const;
