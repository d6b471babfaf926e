import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { State } from '../../ports/state.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import { placeOf } from './group-store.ts';
import { type Group, groupArn, groupKey, placeOfArn } from './model.ts';

/**
 * What each call must be allowed to do (service authorization reference for CloudWatch Logs). What concerns a whole group is
 * asked for on its stream without a name, as AWS's denials show, so that policies on `log-group:name:*` allow it; tags are
 * asked for on the group itself.
 */
const GROUP_SUFFIX = ':log-stream:';

// biome-ignore lint/suspicious/noExplicitAny: decoded and validated by the operation's own schema; a table over all of them has no better type
type Input = Readonly<Record<string, any>>;

export function logsPermissions(state: Pick<State, 'get'>): PermissionTable {
  /** On groups by name or ARN; a group that is not there has an ARN too. */
  const request = async (context: CallContext, action: string, identifier: string, suffix: string) => {
    const named = identifier.startsWith('arn:') ? placeOfArn(identifier) : undefined;
    const place = named ?? placeOf(context);
    const name = named?.name ?? identifier;
    const group = (await state.get<Group>(groupKey(place, name)))?.value;
    return {
      action,
      resource: groupArn(place, name) + suffix,
      context: tagContext('aws:ResourceTag', group?.tags ?? {}),
    };
  };
  const on =
    (
      operation: string,
      namesOf: (input: Input) => readonly string[],
      suffix = GROUP_SUFFIX,
      more: (input: Input) => object = () => ({}),
    ): Permission =>
    (context, input) =>
      Promise.all(
        namesOf(input).map(async (name): Promise<AccessRequest> => {
          const asked = await request(context, `logs:${operation}`, name, suffix);
          return { ...asked, context: { ...asked.context, ...more(input) } };
        }),
      );
  const onStream =
    (operation: string): Permission =>
    async (context, input) => {
      const identifier = input.logGroupIdentifier ?? input.logGroupName ?? '';
      return [await request(context, `logs:${operation}`, identifier, `:log-stream:${input.logStreamName ?? ''}`)];
    };
  const anywhere =
    (operation: string): Permission =>
    ({ caller, region }) => [
      { action: `logs:${operation}`, resource: `arn:aws:logs:${region}:${caller.accountId}:log-group:${GROUP_SUFFIX}` },
    ];
  const all = (operations: readonly string[], make: (operation: string) => Permission): PermissionTable =>
    Object.fromEntries(operations.map((operation) => [operation, make(operation)]));
  const group = ({ logGroupIdentifier, logGroupName }: Input): string[] => [logGroupIdentifier ?? logGroupName ?? ''];
  const queried = ({ logGroupName, logGroupNames, logGroupIdentifiers }: Input): readonly string[] =>
    logGroupIdentifiers ?? logGroupNames ?? [logGroupName ?? '*'];

  return {
    ...all(
      [
        ...['DeleteLogGroup', 'PutRetentionPolicy', 'DeleteRetentionPolicy', 'PutMetricFilter', 'DeleteMetricFilter'],
        ...['PutSubscriptionFilter', 'DeleteSubscriptionFilter', 'DescribeSubscriptionFilters'],
        ...['DescribeLogStreams', 'FilterLogEvents', 'PutLogGroupDeletionProtection', 'ListTagsLogGroup'],
      ],
      (operation) => on(operation, group),
    ),
    ...all(['CreateLogStream', 'DeleteLogStream', 'PutLogEvents', 'GetLogEvents'], onStream),
    CreateLogGroup: on('CreateLogGroup', group, GROUP_SUFFIX, ({ tags }) => requestTagContext(tags ?? {})),
    DescribeMetricFilters: on('DescribeMetricFilters', ({ logGroupName }) => [logGroupName ?? '*']),
    StartLiveTail: on('StartLiveTail', ({ logGroupIdentifiers }) => logGroupIdentifiers ?? []),
    StartQuery: on('StartQuery', queried),
    TagLogGroup: on('TagLogGroup', group, GROUP_SUFFIX, ({ tags }) => requestTagContext(tags ?? {})),
    UntagLogGroup: on('UntagLogGroup', group, GROUP_SUFFIX, ({ tags }) => ({ 'aws:TagKeys': tags ?? [] })),
    TagResource: on('TagResource', arn, '', ({ tags }) => requestTagContext(tags ?? {})),
    UntagResource: on('UntagResource', arn, '', ({ tagKeys }) => ({ 'aws:TagKeys': tagKeys ?? [] })),
    ListTagsForResource: on('ListTagsForResource', arn, ''),
    ...all(['DescribeLogGroups', 'ListLogGroups'], anywhere),
    ...all(
      ['TestMetricFilter', 'GetLogRecord', 'GetQueryResults', 'StopQuery', 'DescribeQueries'],
      (operation) => () => [{ action: `logs:${operation}`, resource: '*' }],
    ),
  };
}

const arn = ({ resourceArn }: Input): string[] => [resourceArn ?? ''];
