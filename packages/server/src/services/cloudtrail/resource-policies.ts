import type {
  DeleteResourcePolicyRequest,
  GetResourcePolicyRequest,
  PutResourcePolicyRequest,
} from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Handler } from '../../wire/service.ts';

/** Spec: api §5. */
const POLICY_CHARS_MAX = 8192;
const ARN_CHARS_MAX = 256;
const ARN = /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]{1,64}:\d{12}:([a-z]+)\/(.+)$/;

/** The kinds of resource that take policies, and what may stand after the kind in their ARNs (spec: api §2, access §6). */
const KINDS: ReadonlyMap<string, RegExp> = new Map([
  ['channel', /^[a-f0-9-]{36}$|^\d+$/],
  ['eventdatastore', /^[a-f0-9-]{36}$/],
  ['dashboard', /^[a-zA-Z0-9_-]{3,128}$/],
]);

type PolicyOperation = 'PutResourcePolicy' | 'GetResourcePolicy' | 'DeleteResourcePolicy';

/**
 * Policies of channels, event data stores and dashboards. None of these exist here yet, and trails take none, so that a
 * sound request is told that its resource is not there.
 */
export function createResourcePolicyHandlers(): Record<PolicyOperation, Handler> {
  return {
    PutResourcePolicy: async (_context, input: Partial<PutResourcePolicyRequest>): Promise<never> => {
      checkArn(input.ResourceArn);
      checkPolicy(input.ResourcePolicy);
      throw absent(input.ResourceArn);
    },
    GetResourcePolicy: async (_context, input: Partial<GetResourcePolicyRequest>): Promise<never> => {
      checkArn(input.ResourceArn);
      throw absent(input.ResourceArn);
    },
    DeleteResourcePolicy: async (_context, input: Partial<DeleteResourcePolicyRequest>): Promise<never> => {
      checkArn(input.ResourceArn);
      throw absent(input.ResourceArn);
    },
  };
}

/** @throws AwsError ResourceARNNotValidException, ResourceTypeNotSupportedException */
function checkArn(arn = ''): asserts arn is string {
  const [, kind = '', id = ''] = (arn.length <= ARN_CHARS_MAX && ARN.exec(arn)) || [];
  const form = KINDS.get(kind);
  if (kind !== '' && !form) {
    throw new AwsError(
      'ResourceTypeNotSupportedException',
      `Resources of type ${kind.slice(0, 64)} take no resource policy; channels, event data stores and dashboards do.`,
    );
  }
  if (form?.test(id)) return;
  throw new AwsError(
    'ResourceARNNotValidException',
    `The ARN is not valid: ${JSON.stringify(arn.slice(0, ARN_CHARS_MAX))}. It must be that of a channel, an event data store or a dashboard, such as arn:aws:cloudtrail:us-east-2:123456789012:eventdatastore/ and its ID.`,
  );
}

/** @throws AwsError ResourcePolicyNotValidException */
function checkPolicy(policy = ''): void {
  if (policy.length < 1 || policy.length > POLICY_CHARS_MAX) {
    invalid(`it must have 1 to ${POLICY_CHARS_MAX} characters and has ${policy.length}`);
  }
  const document = parsed(policy);
  if (typeof document !== 'object' || document === null || !('Statement' in document)) {
    invalid('it must be a JSON object with a Statement');
  }
}

function parsed(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    return undefined;
  }
}

function invalid(why: string): never {
  throw new AwsError('ResourcePolicyNotValidException', `The resource policy is not valid: ${why}.`);
}

const absent = (arn: string): AwsError =>
  new AwsError('ResourceNotFoundException', `The specified resource was not found: ${arn}`);
