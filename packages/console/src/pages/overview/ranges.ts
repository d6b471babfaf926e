const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Ids are what the event history calls them in its address. */
export const RANGES = [
  { id: '1h', text: '1 hour', ms: HOUR_MS },
  { id: '24h', text: '24 hours', ms: DAY_MS },
  { id: '7d', text: '7 days', ms: 7 * DAY_MS },
  { id: '30d', text: '30 days', ms: 30 * DAY_MS },
  { id: '90d', text: '90 days', ms: 90 * DAY_MS },
] as const;

export type RangeId = (typeof RANGES)[number]['id'];

export const RANGE_IDS = RANGES.map(({ id }) => id);

/** When a range that ends now begins. */
export const startOf = (range: RangeId, nowMs: number): number => nowMs - RANGES.find(({ id }) => id === range)!.ms;
