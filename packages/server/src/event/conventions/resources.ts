import type { Call } from '../call.ts';
import type { ResourceEntry } from '../record.ts';

/** Which members of a request name what a service lists under `resources`; S3 has rules of its own. */
const NAMED: Readonly<Record<string, readonly { readonly member: string; readonly type: string }[]>> = {
  'cloudtrail-data': [{ member: 'channelArn', type: 'AWS::CloudTrail::Channel' }],
  sts: [{ member: 'RoleArn', type: 'AWS::IAM::Role' }],
};

/** Only services that real records show with resources have any (spec: record-conventions §13); ARNs alone are listed. */
export function resourcesFromInput(call: Call): ResourceEntry[] {
  if (call.error) return [];
  return (NAMED[call.schema.id] ?? []).flatMap(({ member, type }) => {
    const arn = call.input?.[member];
    if (typeof arn !== 'string' || !arn.startsWith('arn:')) return [];
    return [{ accountId: arn.split(':')[4] || call.accountId, type, ARN: arn }];
  });
}
