import type { CallContext, Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, notFound, unsupported } from './errors.ts';
import { type Groups, placeOf } from './group-store.ts';
import { followingPrefix, type Group, groupArn, groupKey, placeOfArn, streamsPrefix } from './model.ts';
import { pageOf } from './pages.ts';
import { checkTags, mergedTags } from './tags.ts';
import { RETENTION_DAYS } from './validate.ts';

interface CreateInput {
  readonly logGroupName: string;
  readonly kmsKeyId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly logGroupClass?: string;
  readonly deletionProtectionEnabled?: boolean;
}

interface ListInput {
  readonly logGroupNamePrefix?: string;
  readonly logGroupNamePattern?: string;
  readonly logGroupIdentifiers?: readonly string[];
  readonly logGroupClass?: string;
  readonly nextToken?: string;
  readonly limit?: number;
}

/** @param gone ends what follows a group that is deleted, and takes back what was on its way */
export function createGroupHandlers(
  { state, store }: Pick<LogsDeps, 'state' | 'store'>,
  groups: Groups,
  gone: (group: Group) => Promise<void>,
): Record<string, Handler> {
  /** Matching groups, in order of name. */
  async function matching(context: CallContext, input: ListInput): Promise<readonly Group[]> {
    const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern, logGroupIdentifiers: named } = input;
    if (prefix !== undefined && pattern !== undefined) {
      throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
    }
    const names = named && new Set(named.map((text) => placeOfArn(text)?.name ?? text));
    return (await groups.list(placeOf(context))).filter(
      ({ name, logGroupClass }) =>
        (prefix === undefined || name.startsWith(prefix)) &&
        (pattern === undefined || name.toLowerCase().includes(pattern.toLowerCase())) &&
        (names === undefined || names.has(name)) &&
        (input.logGroupClass === undefined || logGroupClass === input.logGroupClass),
    );
  }
  const listedBy = ({ logGroupNamePrefix, logGroupNamePattern, logGroupClass }: ListInput) => [
    logGroupNamePrefix ?? null,
    logGroupNamePattern ?? null,
    logGroupClass ?? null,
  ];

  return {
    CreateLogGroup: async (context, input: CreateInput) => {
      if (input.kmsKeyId !== undefined) throw unsupported('log groups encrypted with a KMS key (kmsKeyId)');
      checkTags(input.tags ?? {});
      await groups.create(placeOf(context), {
        name: input.logGroupName,
        tags: input.tags ?? {},
        logGroupClass: input.logGroupClass ?? 'STANDARD',
        deletionProtection: input.deletionProtectionEnabled ?? false,
      });
      return {};
    },
    /** What is left on the disk if this is interrupted goes at the next start (`open.ts`). */
    DeleteLogGroup: async (context, { logGroupName }: { readonly logGroupName: string }) => {
      const place = placeOf(context);
      const { value: group } = await groups.find(place, logGroupName);
      if (group.deletionProtection) {
        throw logsError('ValidationException', `Log group ${logGroupName} is protected from deletion.`);
      }
      await state.write([{ delete: groupKey(place, logGroupName) }]);
      await gone(group);
      const left = [...(await state.list(streamsPrefix(group.id))), ...(await state.list(followingPrefix(group.id)))];
      if (left.length > 0) await state.write(left.map(({ key }) => ({ delete: key })));
      await store.drop(group.id);
      return {};
    },
    DescribeLogGroups: async (context, input: ListInput) => {
      const listed = ['DescribeLogGroups', ...listedBy(input)];
      const { page, nextToken } = pageOf(await matching(context, input), ({ name }) => name, input, listed);
      return { logGroups: await Promise.all(page.map(describe)), ...(nextToken && { nextToken }) };
    },
    ListLogGroups: async (context, input: ListInput) => {
      const listed = ['ListLogGroups', ...listedBy(input)];
      const { page, nextToken } = pageOf(await matching(context, input), ({ name }) => name, input, listed);
      const logGroups = page.map((group) => ({
        logGroupName: group.name,
        logGroupArn: groupArn(group, group.name),
        logGroupClass: group.logGroupClass,
      }));
      return { logGroups, ...(nextToken && { nextToken }) };
    },
    PutRetentionPolicy: async (context, input: { readonly logGroupName: string; readonly retentionInDays: number }) => {
      const { retentionInDays: retentionDays } = input;
      if (!RETENTION_DAYS.includes(retentionDays)) {
        throw invalid(
          `1 validation error detected: Value '${retentionDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
        );
      }
      await groups.change(placeOf(context), input.logGroupName, (group) => ({ ...group, retentionDays }));
      return {};
    },
    DeleteRetentionPolicy: async (context, { logGroupName }: { readonly logGroupName: string }) => {
      await groups.change(placeOf(context), logGroupName, ({ retentionDays: _, ...group }) => group);
      return {};
    },
    PutLogGroupDeletionProtection: async (
      context,
      input: { readonly logGroupIdentifier: string; readonly deletionProtectionEnabled: boolean },
    ) => {
      const { name } = await groups.named(context, input);
      const deletionProtection = input.deletionProtectionEnabled;
      await groups.change(placeOf(context), name, (group) => ({ ...group, deletionProtection }));
      return {};
    },

    TagLogGroup: async (context, input: { readonly logGroupName: string; readonly tags: Tags }) =>
      tag(context, input.logGroupName, input.tags),
    UntagLogGroup: async (context, input: { readonly logGroupName: string; readonly tags: readonly string[] }) =>
      untag(context, input.logGroupName, input.tags),
    ListTagsLogGroup: async (context, { logGroupName }: { readonly logGroupName: string }) => ({
      tags: (await groups.find(placeOf(context), logGroupName)).value.tags,
    }),
    TagResource: async (context, input: { readonly resourceArn: string; readonly tags: Tags }) =>
      tag(context, nameOf(context, input.resourceArn), input.tags),
    UntagResource: async (context, input: { readonly resourceArn: string; readonly tagKeys: readonly string[] }) =>
      untag(context, nameOf(context, input.resourceArn), input.tagKeys),
    ListTagsForResource: async (context, { resourceArn }: { readonly resourceArn: string }) => ({
      tags: (await groups.find(placeOf(context), nameOf(context, resourceArn))).value.tags,
    }),
  };

  async function describe(group: Group) {
    const figures = [...(await store.figures(group.id)).values()];
    const arn = groupArn(group, group.name);
    return {
      logGroupName: group.name,
      creationTime: group.createdMs,
      ...(group.retentionDays !== undefined && { retentionInDays: group.retentionDays }),
      metricFilterCount: group.metricFilters.length,
      arn: `${arn}:*`,
      storedBytes: figures.reduce((sum, { bytes, count }) => sum + bytes + count * EVENT_OVERHEAD_BYTES, 0),
      logGroupClass: group.logGroupClass,
      logGroupArn: arn,
      deletionProtectionEnabled: group.deletionProtection,
    };
  }

  function nameOf(context: CallContext, arn: string): string {
    const named = placeOfArn(arn);
    const { accountId, region } = placeOf(context);
    if (!named) throw invalid(`${arn} is not the ARN of a log group.`);
    if (named.accountId !== accountId || named.region !== region) throw notFound('resource');
    return named.name;
  }

  async function tag(context: CallContext, name: string, tags: Tags) {
    checkTags(tags);
    await groups.change(placeOf(context), name, (group) => ({ ...group, tags: mergedTags(group.tags, tags) }));
    return {};
  }

  async function untag(context: CallContext, name: string, keys: readonly string[]) {
    await groups.change(placeOf(context), name, (group) => {
      const tags = Object.entries(group.tags).filter(([key]) => !keys.includes(key));
      return { ...group, tags: Object.fromEntries(tags) };
    });
    return {};
  }
}

type Tags = Readonly<Record<string, string>>;
/** AWS counts so many bytes for each event besides its message. */
export const EVENT_OVERHEAD_BYTES = 26;
