import type {
  AdvancedEventSelector,
  EventSelector,
  GetEventSelectorsRequest,
  GetEventSelectorsResponse,
  PutEventSelectorsRequest,
  PutEventSelectorsResponse,
} from '@aws-sdk/client-cloudtrail';
import { type AdvancedSelector, DEFAULT_SELECTORS, type Selectors } from '../../event/selectors.ts';
import type { Handler } from '../../wire/service.ts';
import { parseAdvancedSelectors } from './advanced-selectors.ts';
import { parseBasicSelectors } from './basic-selectors.ts';
import type { CloudTrailDeps } from './deps.ts';
import { changeTrail, findTrail } from './find-trail.ts';
import { changedPeriod, endingCall, progressOf } from './logging-periods.ts';
import { refuseSelectors } from './selector-errors.ts';

/** What stays well inside a State value even twice: in the trail, and in a period that delivery has yet to finish. */
const SELECTORS_BYTES_MAX = 256 * 1024;

/** PutEventSelectors and GetEventSelectors (spec: selectors). */
export function createSelectorHandlers(
  deps: CloudTrailDeps,
): Record<'PutEventSelectors' | 'GetEventSelectors', Handler> {
  return {
    PutEventSelectors: async (
      context,
      input: Partial<PutEventSelectorsRequest>,
    ): Promise<PutEventSelectorsResponse> => {
      const trail = await changeTrail(deps, context, input.TrailName, async (before) => {
        const selectors = parseSelectors(input);
        return changedPeriod(
          before,
          { ...before, selectors },
          endingCall(deps, context),
          await progressOf(deps, before),
        );
      });
      return { TrailARN: trail.arn, ...asOutput(trail.selectors ?? DEFAULT_SELECTORS) };
    },
    GetEventSelectors: async (
      context,
      input: Partial<GetEventSelectorsRequest>,
    ): Promise<GetEventSelectorsResponse> => {
      const { value: trail } = await findTrail(deps, context, input.TrailName);
      return { TrailARN: trail.arn, ...asOutput(sortedByField(trail.selectors ?? DEFAULT_SELECTORS)) };
    },
  };
}

/** @throws AwsError InvalidEventSelectorsException */
export function parseSelectors(
  input: Pick<PutEventSelectorsRequest, 'EventSelectors' | 'AdvancedEventSelectors'>,
): Selectors {
  const { EventSelectors: basic, AdvancedEventSelectors: advanced } = input;
  if ((basic === undefined) === (advanced === undefined)) {
    refuseSelectors('Specify either EventSelectors or AdvancedEventSelectors, and not both.');
  }
  const selectors: Selectors = basic
    ? { basic: parseBasicSelectors(basic) }
    : { advanced: parseAdvancedSelectors(advanced ?? []) };
  if (Buffer.byteLength(JSON.stringify(selectors)) > SELECTORS_BYTES_MAX) {
    refuseSelectors(`The event selectors are too large: together they can have ${SELECTORS_BYTES_MAX} bytes.`);
  }
  return selectors;
}

function asOutput(selectors: Selectors) {
  return 'basic' in selectors
    ? { EventSelectors: selectors.basic as unknown as EventSelector[] }
    : { AdvancedEventSelectors: selectors.advanced as unknown as AdvancedEventSelector[] };
}

/** GetEventSelectors was seen to sort the fields of a selector, where PutEventSelectors echoes their order. */
function sortedByField(selectors: Selectors): Selectors {
  if ('basic' in selectors) return selectors;
  const sorted = (s: AdvancedSelector): AdvancedSelector => ({
    ...s,
    FieldSelectors: [...s.FieldSelectors].sort((a, b) => (a.Field < b.Field ? -1 : 1)),
  });
  return { advanced: selectors.advanced.map(sorted) };
}
