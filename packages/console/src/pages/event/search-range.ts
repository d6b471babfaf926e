import { createContext } from 'react';
import { timeOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';

const DAY_MS = 86_400_000;
/** What the event history shows at first. */
const USUAL = '90d';
/** Younger events are within it, with those around them. */
const USUAL_DAYS_MAX = 80;

/** How far back a search has to look to find an event and what is like it: records that were imported may be years old. */
export const rangeFor = ({ record }: ShownEvent, nowMs: number): string =>
  nowMs - timeOf(record) < USUAL_DAYS_MAX * DAY_MS ? USUAL : 'all';

/** The range of searches that the page of an event leads to. */
export const SearchRange = createContext(USUAL);
