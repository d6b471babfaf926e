/** What a client knows of an event that was acknowledged. */
export interface Acknowledged {
  readonly region: string;
  readonly source: string;
  /** The round in which it was sent. */
  readonly round: number;
}

/** What clients know: events that were acknowledged, and those whose answer never came. */
export interface Ledger {
  /** By eventID. */
  readonly acknowledged: Map<string, Acknowledged>;
  readonly sent: Set<string>;
  /** Request ids of acknowledged calls. */
  readonly calls: Set<string>;
  /** Rounds in which trail `home` was stopped before the first event was sent. */
  readonly stoppedRounds: Set<number>;
}

export const newLedger = (): Ledger => ({
  acknowledged: new Map(),
  sent: new Set(),
  calls: new Set(),
  stoppedRounds: new Set(),
});

/** Ids of acknowledged events that `wanted` is true of. */
export const idsOf = ({ acknowledged }: Ledger, wanted: (event: Acknowledged) => boolean): string[] =>
  [...acknowledged].filter(([, event]) => wanted(event)).map(([id]) => id);
