import { readFileSync, statSync } from 'node:fs';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';
import { printable } from './printable.ts';

export interface SelectorsTestOptions {
  /** A file of selectors, or a trail's name or ARN. */
  readonly target: string;
  readonly sinceMs: number;
  /** Of a file's selectors: only the home Region. */
  readonly singleRegion: boolean;
  readonly organization: boolean;
  readonly json: boolean;
  readonly print: (line: string) => void;
}

interface Tally {
  readonly EventCount: number;
  readonly Bytes: number;
}

interface Tested extends Tally {
  readonly Complete: boolean;
  readonly SampledShare: number;
  readonly AccountEventCount: number;
  readonly GzipBytes: number;
  readonly BySource: readonly (Tally & { readonly EventSource: string })[];
}

interface ShownTrail {
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly IsMultiRegionTrail?: boolean;
  readonly IncludeGlobalServiceEvents?: boolean;
  readonly IsOrganizationTrail?: boolean;
}

/** Sources shown; the rest is few events each. */
const SOURCES_SHOWN = 20;

/** `opentrail selectors test`: what selectors would have logged, by TestEventSelectors. */
export async function testSelectors(
  clientOf: (region?: string) => OpenTrailClient,
  { target, sinceMs, print, ...options }: SelectorsTestOptions,
): Promise<void> {
  const isFile = statSync(target, { throwIfNoEntry: false })?.isFile() === true;
  const rules = isFile
    ? {
        ...selectorsIn(target),
        IsMultiRegionTrail: !options.singleRegion,
        ...(options.organization && { IsOrganizationTrail: true }),
      }
    : await rulesOfTrail(clientOf, target);
  const body = Buffer.from(JSON.stringify({ ...rules, StartTime: new Date(sinceMs).toISOString() }));
  const call = { headers: { 'content-type': 'application/json' }, body };
  const tested = await clientOf().json<Tested>('POST', '/opentrail/v1/selectors/test', call);
  if (options.json) print(JSON.stringify(tested, null, 2));
  else for (const line of shown(tested)) print(line);
}

async function rulesOfTrail(clientOf: (region?: string) => OpenTrailClient, name: string) {
  const region = /^arn:[^:]+:cloudtrail:([^:]+):/.exec(name)?.[1];
  const { Trail } = await clientOf(region).cloudTrail<{ Trail: ShownTrail }>('GetTrail', { Name: name });
  const home = clientOf(Trail.HomeRegion);
  const selectors = await home.cloudTrail<object>('GetEventSelectors', { TrailName: Trail.TrailARN });
  return {
    ...onlySelectors(selectors),
    HomeRegion: Trail.HomeRegion,
    IsMultiRegionTrail: Trail.IsMultiRegionTrail === true,
    IncludeGlobalServiceEvents: Trail.IncludeGlobalServiceEvents !== false,
    ...(Trail.IsOrganizationTrail === true && { IsOrganizationTrail: true }),
  };
}

/** What `aws cloudtrail get-event-selectors` prints, what `put-event-selectors` takes, or a list of either kind. */
function selectorsIn(file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OperatorError(
      `Cannot read selectors from ${file}: ${systemErrorCode(error) ?? (error as Error).message}`,
    );
  }
  if (!Array.isArray(value)) return onlySelectors((value ?? {}) as object);
  const isAdvanced = value.some((selector) => Object.hasOwn(Object(selector), 'FieldSelectors'));
  return isAdvanced ? { AdvancedEventSelectors: value } : { EventSelectors: value };
}

function onlySelectors(value: { EventSelectors?: unknown; AdvancedEventSelectors?: unknown }): object {
  const { EventSelectors, AdvancedEventSelectors } = value;
  return {
    ...(EventSelectors !== undefined && { EventSelectors }),
    ...(AdvancedEventSelectors !== undefined && { AdvancedEventSelectors }),
  };
}

function shown(tested: Tested): string[] {
  const { Complete, SampledShare, AccountEventCount, EventCount, Bytes, GzipBytes, BySource } = tested;
  const about = Complete ? '' : `about (from a sample of ${(100 * SampledShare).toFixed(1)} %) `;
  const width = Math.max(0, ...BySource.slice(0, SOURCES_SHOWN).map(({ EventSource }) => EventSource.length));
  return [
    `${about}${EventCount} of ${AccountEventCount} events, ${bytes(Bytes)}, in log files some ${bytes(GzipBytes)}`,
    ...BySource.slice(0, SOURCES_SHOWN).map(
      (source) =>
        `  ${printable(source.EventSource).padEnd(width)}  ${String(source.EventCount).padStart(9)}  ${bytes(source.Bytes).padStart(9)}`,
    ),
    ...(BySource.length > SOURCES_SHOWN ? [`  and ${BySource.length - SOURCES_SHOWN} more`] : []),
  ];
}

function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const power = Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${(count / 1_000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
