import type {
  DescribeTrailsRequest,
  DescribeTrailsResponse,
  GetTrailRequest,
  GetTrailResponse,
  ListTrailsRequest,
  ListTrailsResponse,
} from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Trail } from '../../trails/trail.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { findTrailOrShadow, isVisibleIn, referredArn, visibleTrails } from './find-trail.ts';
import { describe } from './trail-output.ts';

/** DescribeTrails, GetTrail, ListTrails. */
export function createReadHandlers(
  deps: CloudTrailDeps,
): Record<'DescribeTrails' | 'GetTrail' | 'ListTrails', Handler> {
  return {
    DescribeTrails: async (context, input: DescribeTrailsRequest): Promise<DescribeTrailsResponse> => {
      const shadowsToo = input.includeShadowTrails ?? true;
      const trails = await selected(context, input.trailNameList ?? []);
      const isHere = (t: Trail) => t.homeRegion === context.region && t.accountId === context.caller.accountId;
      return { trailList: trails.filter((t) => shadowsToo || isHere(t)).map(describe) };
    },
    GetTrail: async (context, input: Partial<GetTrailRequest>): Promise<GetTrailResponse> => {
      return { Trail: describe((await findTrailOrShadow(deps, context, input.Name)).value) };
    },
    ListTrails: async (context, input: ListTrailsRequest): Promise<ListTrailsResponse> => {
      if (input.NextToken !== undefined) {
        // Every answer is complete, so no token was ever given out. ListTrails models no error of its own for this.
        throw new AwsError('InvalidNextTokenException', 'The NextToken is not valid: ListTrails answers in one page.');
      }
      const trails = await visibleTrails(deps, context.caller.accountId);
      return {
        Trails: trails.map(({ value: t }) => ({ TrailARN: t.arn, Name: t.name, HomeRegion: t.homeRegion })),
      };
    },
  };

  /** Those that `names` mean, leaving out what does not exist; without names, all that show in this Region. */
  async function selected(context: CallContext, names: readonly string[]): Promise<Trail[]> {
    const arns = new Set(names.map((name) => referredArn(context, name)));
    const all = (await visibleTrails(deps, context.caller.accountId)).map((entry) => entry.value);
    return all.filter((trail) => (arns.size > 0 ? arns.has(trail.arn) : isVisibleIn(trail, context.region)));
  }
}
