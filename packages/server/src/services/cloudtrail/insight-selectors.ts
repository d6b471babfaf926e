import type { GetInsightSelectorsRequest } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { findTrail } from './find-trail.ts';

/**
 * GetInsightSelectors: Insights do not exist yet, so no trail has them, and AWS has an error that says so (spec: api).
 * Event data stores do not exist at all.
 */
export function createGetInsightSelectors(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<GetInsightSelectorsRequest>): Promise<never> => {
    if ((input.TrailName === undefined) === (input.EventDataStore === undefined)) {
      throw new AwsError(
        'InvalidParameterCombinationException',
        'Specify either TrailName or EventDataStore, and not both.',
      );
    }
    if (input.EventDataStore !== undefined) {
      throw new AwsError('UnsupportedOperationException', 'OpenTrail does not have event data stores yet.');
    }
    const { value: trail } = await findTrail(deps, context, input.TrailName);
    throw new AwsError(
      'InsightNotEnabledException',
      `Trail ${trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.`,
    );
  };
}
