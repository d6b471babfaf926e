import type { ListPublicKeysRequest, ListPublicKeysResponse } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';

/** ListPublicKeys: the Region's keys that signed digests in a time range, which defaults to now (spec: integrity §5). */
export function createListPublicKeys(deps: CloudTrailDeps): Handler {
  return async (context, input: ListPublicKeysRequest): Promise<ListPublicKeysResponse> => {
    if (input.NextToken !== undefined) {
      throw new AwsError('InvalidTokenException', 'NextToken is reserved for future use; leave it out.');
    }
    const nowMs = deps.clock.now();
    const startMs = input.StartTime?.getTime() ?? nowMs;
    const endMs = input.EndTime?.getTime() ?? nowMs;
    // Not `startMs > endMs`: a time that is none (NaN) compares with nothing.
    if (!(startMs <= endMs)) {
      throw new AwsError(
        'InvalidTimeRangeException',
        'StartTime and EndTime must be valid times, and StartTime must not be after EndTime. Both default to now.',
      );
    }
    const keys = await deps.publicKeys(context.region, startMs, endMs);
    return {
      PublicKeyList: keys.map((k) => ({
        Value: k.valueDer,
        ValidityStartTime: new Date(k.validityStartMs),
        ValidityEndTime: new Date(k.validityEndMs),
        Fingerprint: k.fingerprint,
      })),
    };
  };
}
