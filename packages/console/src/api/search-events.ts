import { native } from './client.ts';

/** SearchEvents (docs/native-api.md), as far as pages ask for events rather than figures. */
export interface SearchInput {
  readonly Filter?: string;
  /** Default: all accounts that the caller may see. */
  readonly AccountId?: string;
  /** ISO 8601, both ends included. */
  readonly StartTime?: string;
  readonly EndTime?: string;
  readonly Order?: 'newest' | 'oldest';
  /** Only events accepted from this one on, or before this one. */
  readonly From?: number;
  readonly UpTo?: number;
  readonly Limit?: number;
  readonly NextToken?: string;
}

export interface FoundEvent {
  /** Its place in the log: tells it from all others, of any account. */
  readonly Sequence: number;
  readonly AccountId: string;
  /** ISO 8601, or seconds since the epoch. */
  readonly EventTime: string | number;
  /** The record's own text. */
  readonly Record: string;
}

export interface SearchAnswer {
  readonly Events: readonly FoundEvent[];
  readonly NextToken?: string;
  readonly SearchedUpTo: number;
  readonly EventsBehind: number;
}

export const searchEvents = (input: SearchInput, signal: AbortSignal): Promise<SearchAnswer> =>
  native<SearchAnswer>('search', input, { signal });
