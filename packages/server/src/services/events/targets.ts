import { invalid } from './errors.ts';
import { compileInput } from './input.ts';
import { compileJsonPath } from './json-path.ts';
import type { Place, Target } from './model.ts';

/** Members of targets that belong to services which are not here. */
const UNBUILT = [
  ...['KinesisParameters', 'RunCommandParameters', 'EcsParameters', 'BatchParameters', 'RedshiftDataParameters'],
  ...['SageMakerPipelineParameters', 'AppSyncParameters'],
];

/** What can be a target here. */
const KINDS: readonly RegExp[] = [
  /^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w.-]+$/,
  /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/,
  /^arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:[^:*]+(:\*)?$/,
  /^arn:aws:events:[a-z0-9-]+:\d{12}:event-bus\/[\w.-]+$/,
  /^arn:aws:events:[a-z0-9-]+:\d{12}:api-destination\/[\w.-]+\/[\w-]+$/,
];
const QUEUE = /^arn:aws:sqs:([a-z0-9-]+):\d{12}:[\w-]+$/;

/** @throws AwsError ValidationException */
export function checkTarget(target: Target, { region }: Place): void {
  const { Id, Arn, SqsParameters, HttpParameters, DeadLetterConfig } = target;
  const unbuilt = UNBUILT.find((name) => Object.hasOwn(target, name));
  if (unbuilt !== undefined) throw invalid(`Target ${Id}: ${unbuilt} is for services that OpenTrail does not have.`);
  if (!KINDS.some((kind) => kind.test(Arn))) {
    throw invalid(
      `Parameter ${Arn.slice(0, 200)} is not valid. Reason: Provided Arn is not in correct format. Target ${Id} must be an SNS topic, SQS queue, log group, event bus or API destination.`,
    );
  }
  // Only event buses may be in another Region.
  if (!Arn.includes(':event-bus/') && Arn.split(':')[3] !== region) {
    throw invalid(`Target ${Id} must be in ${region}, as its rule is.`);
  }
  if (Arn.endsWith('.fifo') && Arn.startsWith('arn:aws:sqs:') && !SqsParameters?.MessageGroupId) {
    throw invalid(`Parameter(s) SqsParameters.MessageGroupId must be specified for target: ${Id}.`);
  }
  if (SqsParameters?.MessageGroupId !== undefined && !Arn.endsWith('.fifo')) {
    throw invalid(`Parameter(s) SqsParameters can be specified for FIFO queues only, not for target: ${Id}.`);
  }
  if (DeadLetterConfig?.Arn !== undefined && QUEUE.exec(DeadLetterConfig.Arn)?.[1] !== region) {
    throw invalid(`DeadLetterConfig of target ${Id} must be the ARN of a standard SQS queue in ${region}.`);
  }
  checkHttp(Id, HttpParameters, Arn.includes(':api-destination/'));
  compileInput(target);
}

/** @throws AwsError ValidationException */
function checkHttp(id: string, parameters: Target['HttpParameters'], isHttp: boolean): void {
  if (!parameters) return;
  if (!isHttp) throw invalid(`Parameter(s) HttpParameters cannot be specified for target: ${id}.`);
  const { PathParameterValues = [], HeaderParameters = {}, QueryStringParameters = {} } = parameters;
  const named = { ...HeaderParameters, ...QueryStringParameters };
  const values = [...PathParameterValues, ...Object.values(named)];
  const bad = values.find((value) => value.startsWith('$.') && !compileJsonPath(value));
  if (bad !== undefined) throw invalid(`HttpParameters of target ${id}: ${bad.slice(0, 100)} is no JSON path.`);
  // Anything else would end the header, or begin another.
  if (
    values.some((value) => /[^\x20-\x7E\t]/.test(value)) ||
    Object.keys(HeaderParameters).some((n) => !/^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/.test(n))
  ) {
    throw invalid(`HttpParameters of target ${id} have names or values that HTTP does not allow.`);
  }
}
