import { AwsError } from '../../base/errors.ts';
import { PatternError, parseSearchFilter, resolveField, type SearchFilter } from '../../event/search/index.ts';
import type { Sequence } from '../../ports/log.ts';

/** What SearchEvents and ExportEvents ask alike. */
export interface SearchInput {
  readonly Filter?: string;
  readonly StartTime?: Date;
  readonly EndTime?: Date;
  readonly AccountId?: string;
  readonly Order?: string;
  readonly From?: Sequence;
  readonly UpTo?: Sequence;
}

export interface SearchQuery {
  readonly filter: SearchFilter | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly order: 'newest' | 'oldest';
  /** Events accepted before this one are left out. */
  readonly from: Sequence;
}

/** The first and last moments that a Date can hold: all events. */
const BEGINNING_MS = 0;
const END_OF_TIME_MS = 8.64e15;

/** @throws AwsError ValidationException */
export function readSearchQuery(input: SearchInput): SearchQuery {
  const { Order: order = 'newest', From: from = 0, UpTo: upTo = 0 } = input;
  if (order !== 'newest' && order !== 'oldest') throw invalid("Order must be 'newest' or 'oldest'.");
  for (const [member, value] of Object.entries({ From: from, UpTo: upTo })) {
    if (!Number.isSafeInteger(value) || value < 0) throw invalid(`${member} must be a sequence number, 0 or more.`);
  }
  const startMs = input.StartTime?.getTime() ?? BEGINNING_MS;
  const endMs = input.EndTime?.getTime() ?? END_OF_TIME_MS;
  if (!(startMs <= endMs)) throw invalid('StartTime must not be after EndTime.');
  return { filter: filterOf(input.Filter), startMs, endMs, order, from };
}

/** @throws AwsError ValidationException, whose `Position` says where in the text it went wrong */
export function filterOf(text: string | undefined): SearchFilter | undefined {
  return refusing('Filter', () => parseSearchFilter(text ?? ''));
}

/** The fields as filters name them. @throws AwsError ValidationException */
export function checkFields(member: string, fields: readonly string[]): readonly string[] {
  return fields.map((field) => refusing(member, () => resolveField(field).name));
}

function refusing<T>(member: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const members = { Member: member, Position: String(error.position) };
    throw new AwsError('ValidationException', error.message, { members });
  }
}

export const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

/** A whole number within bounds. @throws AwsError ValidationException */
export function within(member: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${member} must be a whole number from ${min} to ${max}.`);
}
