import type { ListInsightsDataRequest, ListInsightsDataResponse, LookupAttribute } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Trail } from '../../trails/trail.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { checkMayChange, findTrail } from './find-trail.ts';
import { lookUp } from './lookup-events.ts';
import { quoted } from './selector-errors.ts';

/** Spec: api §9. */
const TOKEN_CHARS_MAX = 1000;

/** ListInsightsData: the Insights that were found in a trail's data events, of the caller's account and Region. */
export function createListInsightsData(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<ListInsightsDataRequest>): Promise<ListInsightsDataResponse> => {
    const { InsightSource, DataType, Dimensions = {}, ...page } = input;
    if (DataType !== 'InsightsEvents')
      refuse(`Value ${quoted(DataType ?? '')} for DataType is invalid. Use InsightsEvents.`);
    const LookupAttributes = Object.entries(Dimensions).map(
      ([AttributeKey, AttributeValue]) => ({ AttributeKey, AttributeValue }) as LookupAttribute,
    );
    if ((page.NextToken ?? '').length > TOKEN_CHARS_MAX) refuse('The NextToken is not valid.');
    const trail = await sourceOf(deps, context, InsightSource);
    const query = { ...page, LookupAttributes, EventCategory: 'insight' as const };
    return inItsOwnWords(
      lookUp(deps, context, query, [trail.arn], ({ sourceEventCategory, insightSource = trail.arn }) => {
        return sourceEventCategory === 'Data' && insightSource === trail.arn;
      }),
    );
  };
}

/**
 * The trail that an ARN means; of an organization's trail only those see Insights who may change it.
 * @throws AwsError InvalidParameterException, OperationNotPermittedException
 */
async function sourceOf(deps: CloudTrailDeps, context: CallContext, arn: string | undefined): Promise<Trail> {
  if (!arn?.startsWith('arn:')) refuse('InsightSource must be the ARN of a trail.');
  const { value: trail } = await inItsOwnWords(findTrail(deps, context, arn));
  try {
    await checkMayChange(deps, context, trail);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const message =
      'Insights events of an organization trail are for its management account and delegated administrators.';
    throw new AwsError('OperationNotPermittedException', message);
  }
  return trail;
}

/** All that is wrong with the input has the one error (spec: api §9). */
async function inItsOwnWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AwsError) refuse(error.message);
    throw error;
  }
}

function refuse(message: string): never {
  throw new AwsError('InvalidParameterException', message);
}
