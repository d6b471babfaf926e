import type { Handler } from '../../wire/service.ts';
import type { QueueInput } from './api.ts';
import { changedAttributes } from './attributes.ts';
import type { SqsParts } from './deps.ts';
import { invalidParameter, missingParameter, sqsError } from './errors.ts';
import { namedQueue, type Queue, queueArn } from './model.ts';

/** What AddPermission can give (SQS API reference). */
const ACTIONS: ReadonlySet<string> = new Set([
  ...[
    '*',
    'ChangeMessageVisibility',
    'DeleteMessage',
    'GetQueueAttributes',
    'GetQueueUrl',
    'ReceiveMessage',
    'SendMessage',
  ],
]);
/** SQS quotas for AddPermission. */
const ACTIONS_MAX = 7;
const STATEMENTS_MAX = 20;
const LABEL = /^[\w-]{1,80}$/;
const ACCOUNT = /^\d{12}$/;

interface AddInput extends QueueInput {
  readonly Label?: string;
  readonly AWSAccountIds?: readonly string[];
  readonly Actions?: readonly string[];
}

interface Document {
  readonly Statement: readonly { readonly Sid?: string }[];
}

export function createPolicyHandlers({ registry }: SqsParts): Record<string, Handler> {
  return {
    async AddPermission(context, { QueueUrl, Label, AWSAccountIds, Actions }: AddInput) {
      if (Label === undefined) throw missingParameter('Label');
      if (!LABEL.test(Label)) throw invalidParameter(`Value ${Label.slice(0, 80)} for parameter Label is invalid.`);
      if (!AWSAccountIds?.length) throw missingParameter('AWSAccountIds');
      if (!Actions?.length) throw missingParameter('Actions');
      const account = AWSAccountIds.find((id) => !ACCOUNT.test(id));
      if (account !== undefined)
        throw invalidParameter(`Value ${account.slice(0, 80)} for parameter PrincipalId is invalid.`);
      const action = Actions.find((name) => !ACTIONS.has(name));
      if (action !== undefined)
        throw invalidParameter(
          `Value SQS:${action.slice(0, 80)} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
        );
      if (Actions.length > ACTIONS_MAX)
        throw sqsError('OverLimit', `${Actions.length} Actions were found, maximum allowed is ${ACTIONS_MAX}.`);
      await registry.change(namedQueue(context, QueueUrl), (queue) => {
        const document = documentOf(queue);
        if (document.Statement.some(({ Sid }) => Sid === Label))
          throw invalidParameter(`Value ${Label} for parameter Label is invalid. Reason: Already exists.`);
        if (document.Statement.length >= STATEMENTS_MAX)
          throw sqsError('OverLimit', `A queue's policy can have ${STATEMENTS_MAX} statements.`);
        const statement = {
          Sid: Label,
          Effect: 'Allow',
          Principal: { AWS: AWSAccountIds.map((id) => `arn:aws:iam::${id}:root`) },
          Action: Actions.map((name) => `SQS:${name}`),
          Resource: queueArn(queue),
        };
        return withPolicy(queue, { ...document, Statement: [...document.Statement, statement] });
      });
      return {};
    },

    async RemovePermission(context, { QueueUrl, Label }: QueueInput & { readonly Label?: string }) {
      if (Label === undefined) throw missingParameter('Label');
      await registry.change(namedQueue(context, QueueUrl), (queue) => {
        const document = documentOf(queue);
        const Statement = document.Statement.filter(({ Sid }) => Sid !== Label);
        if (Statement.length === document.Statement.length) {
          throw invalidParameter(
            `Value ${Label.slice(0, 80)} for parameter Label is invalid. Reason: can't find label on existing policy.`,
          );
        }
        return withPolicy(queue, Statement.length === 0 ? undefined : { ...document, Statement });
      });
      return {};
    },
  };
}

function documentOf(queue: Queue): Document {
  const json = queue.attributes.Policy;
  if (json === undefined)
    return { Version: '2012-10-17', Id: `${queueArn(queue)}/SQSDefaultPolicy`, Statement: [] } as Document;
  const document = JSON.parse(json) as Document;
  return { ...document, Statement: [document.Statement].flat() };
}

const withPolicy = (queue: Queue, document: Document | undefined): Queue => ({
  ...queue,
  attributes: changedAttributes(queue, { Policy: document ? JSON.stringify(document) : '' }),
});
