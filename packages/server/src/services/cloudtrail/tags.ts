import type {
  AddTagsRequest,
  AddTagsResponse,
  ListTagsRequest,
  ListTagsResponse,
  RemoveTagsRequest,
  RemoveTagsResponse,
  Tag,
} from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { Trail } from '../../trails/trail.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';
import { checkMayChange, lookForTrail, retryingConflicts } from './find-trail.ts';
import { parseTrailArn } from './names.ts';
import { mergedTags, remainingTags } from './tag-rules.ts';

/** AWS's bound of one ListTags. */
const RESOURCES_MAX = 20;

type TagOperation = 'AddTags' | 'RemoveTags' | 'ListTags';

/** AddTags, RemoveTags, ListTags: of trails, by ARN, in the trail's home Region. */
export function createTagHandlers(deps: CloudTrailDeps): Record<TagOperation, Handler> {
  return {
    AddTags: async (context, input: Partial<AddTagsRequest>): Promise<AddTagsResponse> => {
      await changeTags(context, input.ResourceId, (tags) => mergedTags(tags, input.TagsList ?? []));
      return {};
    },
    RemoveTags: async (context, input: Partial<RemoveTagsRequest>): Promise<RemoveTagsResponse> => {
      await changeTags(context, input.ResourceId, (tags) => remainingTags(tags, input.TagsList ?? []));
      return {};
    },
    ListTags: async (context, input: Partial<ListTagsRequest>): Promise<ListTagsResponse> => {
      const ids = input.ResourceIdList ?? [];
      if (input.NextToken !== undefined) {
        throw new AwsError('InvalidTokenException', 'NextToken is reserved for future use; leave it out.');
      }
      if (ids.length === 0 || ids.length > RESOURCES_MAX) {
        throw new AwsError(
          'InvalidParameterException',
          `ResourceIdList must name 1 to ${RESOURCES_MAX} resources; it names ${ids.length}.`,
        );
      }
      const ResourceTagList = [];
      for (const ResourceId of ids) {
        const { value: trail } = await findTagged(context, ResourceId);
        ResourceTagList.push({ ResourceId, TagsList: trail.tags as Tag[] });
      }
      return { ResourceTagList };
    },
  };

  function changeTags(
    context: CallContext,
    resourceId: string | undefined,
    change: (tags: Trail['tags']) => Trail['tags'],
  ): Promise<void> {
    return retryingConflicts(async () => {
      const { key, version, value } = await findTagged(context, resourceId);
      await checkMayChange(deps, context, value);
      const next: Trail = { ...value, tags: change(value.tags) };
      await deps.state.write([{ put: key, value: next, ifVersion: version }]);
    });
  }

  async function findTagged(context: CallContext, resourceId: string | undefined) {
    const arn = resourceId ?? '';
    const { region } = parseTaggable(arn);
    if (region !== context.region) {
      throw new AwsError(
        'CloudTrailARNInvalidException',
        `Region in ARN is wrong, you can only access resources in region ${context.region}.`,
      );
    }
    return (await lookForTrail(deps, context, arn)) ?? absent('ResourceNotFoundException', arn);
  }
}

/** What AWS calls the absence of a resource, by the kind that its ARN names; only trails exist here yet. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  eventdatastore: 'EventDataStoreNotFoundException',
  channel: 'ResourceNotFoundException',
  dashboard: 'ResourceNotFoundException',
};

function parseTaggable(arn: string) {
  const kind = /^arn:aws[a-z-]*:cloudtrail:[^:]*:[^:]*:([^/:]*)/.exec(arn)?.[1];
  if (kind === undefined || kind === 'trail') return parseTrailArn(arn);
  const error = Object.hasOwn(OTHER_KINDS, kind) ? OTHER_KINDS[kind]! : undefined;
  if (error === undefined) {
    throw new AwsError('ResourceTypeNotSupportedException', `Resources of type ${kind.slice(0, 64)} cannot be tagged.`);
  }
  return absent(error, arn);
}

function absent(code: string, arn: string): never {
  throw new AwsError(code, `The specified resource was not found: ${arn.slice(0, 256)}`);
}
