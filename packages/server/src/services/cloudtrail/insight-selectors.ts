import type {
  GetInsightSelectorsRequest,
  GetInsightSelectorsResponse,
  InsightSelector as InsightSelectorShape,
  PutInsightSelectorsRequest,
  PutInsightSelectorsResponse,
} from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import { DEFAULT_SELECTORS } from '../../event/selectors.ts';
import { isFound, loggedKinds } from '../../trails/insights.ts';
import type { InsightEventCategory, InsightSelector, InsightType, Trail } from '../../trails/trail.ts';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { checkDestination } from './destinations.ts';
import { changeTrail, findTrail } from './find-trail.ts';
import { changedPeriod, endingCall, progressOf } from './logging-periods.ts';
import { quoted } from './selector-errors.ts';

const TYPES: readonly InsightType[] = ['ApiCallRateInsight', 'ApiErrorRateInsight'];
const CATEGORIES: readonly InsightEventCategory[] = ['Management', 'Data'];

/** PutInsightSelectors and GetInsightSelectors, of trails: event data stores do not exist (spec: insights §4, api). */
export function createInsightHandlers(
  deps: CloudTrailDeps,
): Record<'PutInsightSelectors' | 'GetInsightSelectors', Handler> {
  return {
    PutInsightSelectors: async (
      context,
      input: Partial<PutInsightSelectorsRequest>,
    ): Promise<PutInsightSelectorsResponse> => {
      checkTarget(input, input.InsightsDestination);
      const trail = await changeTrail(deps, context, input.TrailName, async (before) => {
        const wanted = withInsights(before, parseInsightSelectors(input.InsightSelectors));
        if (wanted.insightSelectors !== undefined) {
          checkLogged(wanted, wanted.insightSelectors);
          await checkDestination(deps.objects, wanted);
        }
        return changedPeriod(before, wanted, endingCall(deps, context), await progressOf(deps, before));
      });
      return asOutput(trail);
    },
    GetInsightSelectors: async (
      context,
      input: Partial<GetInsightSelectorsRequest>,
    ): Promise<GetInsightSelectorsResponse> => {
      checkTarget(input);
      const { value: trail } = await findTrail(deps, context, input.TrailName);
      if (trail.insightSelectors !== undefined) return asOutput(trail);
      throw new AwsError(
        'InsightNotEnabledException',
        `Trail ${trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.`,
      );
    },
  };
}

/** @throws AwsError InvalidParameterCombinationException, UnsupportedOperationException */
function checkTarget({ TrailName, EventDataStore }: Partial<GetInsightSelectorsRequest>, destination?: string): void {
  if ((TrailName === undefined) === (EventDataStore === undefined)) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      'Specify either TrailName or EventDataStore, and not both.',
    );
  }
  if (TrailName !== undefined && destination !== undefined) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      'InsightsDestination is for event data stores; it cannot be specified with TrailName.',
    );
  }
  if (EventDataStore !== undefined) {
    throw new AwsError('UnsupportedOperationException', 'OpenTrail does not have event data stores yet.');
  }
}

/** Replaces what there was; an empty list turns Insights off. */
function withInsights({ insightSelectors: _, ...trail }: Trail, insightSelectors: readonly InsightSelector[]): Trail {
  return insightSelectors.length === 0 ? trail : { ...trail, insightSelectors };
}

/** Fills in categories. @throws AwsError InvalidInsightSelectorsException */
function parseInsightSelectors(selectors: readonly InsightSelectorShape[] | undefined): InsightSelector[] {
  if (selectors === undefined) refuse('Specify InsightSelectors; an empty list turns Insights off.');
  const parsed = selectors.map(parseSelector);
  const repeated = parsed.find(({ insightType }, i) => parsed.findIndex((s) => s.insightType === insightType) !== i);
  if (repeated) refuse(`InsightType ${repeated.insightType} is specified more than once.`);
  return parsed;
}

function parseSelector({ InsightType: type, EventCategories: categories }: InsightSelectorShape): InsightSelector {
  const insightType = TYPES.find((known) => known === type);
  if (insightType === undefined) {
    refuse(`Value ${quoted(type ?? '')} for InsightType is invalid. Use ${TYPES.join(', ')}.`);
  }
  const unknown = categories?.find((category) => !CATEGORIES.some((known) => known === category));
  if (unknown !== undefined) {
    refuse(`Value ${quoted(unknown)} for EventCategories is invalid. Use ${CATEGORIES.join(', ')}.`);
  }
  const given = CATEGORIES.filter((known) => categories?.includes(known));
  return { insightType, eventCategories: given.length === 0 ? ['Management'] : given };
}

/** The events in which an Insight is found must be logged. @throws AwsError InvalidInsightSelectorsException */
function checkLogged(trail: Trail, selectors: readonly InsightSelector[]): void {
  const logged = loggedKinds(trail.selectors ?? DEFAULT_SELECTORS);
  for (const { insightType, eventCategories } of selectors) {
    const category = eventCategories.find((each) => !isFound(insightType, each, logged));
    if (category !== undefined)
      refuse(`Trail ${trail.arn} cannot log these Insights events. ${NEEDS[insightType][category]}`);
  }
}

/** In the words of the user guide. */
const NEEDS: Readonly<Record<InsightType, Readonly<Record<InsightEventCategory, string>>>> = {
  ApiCallRateInsight: {
    Management: 'To log Insights events on the API call rate, the trail must log write management events.',
    Data: 'To log Insights events on the API call rate for data events, the trail must log data events.',
  },
  ApiErrorRateInsight: {
    Management: 'To log Insights events on the API error rate, the trail must log read or write management events.',
    Data: 'To log Insights events on the API error rate for data events, the trail must log data events.',
  },
};

function refuse(message: string): never {
  throw new AwsError('InvalidInsightSelectorsException', message);
}

const asOutput = ({ arn, insightSelectors = [] }: Trail) => ({
  TrailARN: arn,
  InsightSelectors: insightSelectors.map(({ insightType, eventCategories }) => ({
    InsightType: insightType,
    EventCategories: [...eventCategories],
  })),
});
