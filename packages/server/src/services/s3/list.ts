import type {
  ListObjectsCommandInput,
  ListObjectsV2CommandInput,
  ListObjectVersionsCommandInput,
} from '@aws-sdk/client-s3';
import type { ListRequest, ObjectVersion } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import { invalidArgument } from './errors.ts';
import { bucketOf, checkedVersionId, type Handlers, ownerOf, quoted, type S3Deps, shownTime } from './model.ts';

/** S3's limit for a page of any listing. */
const PAGE_MAX = 1000;

interface PageInput {
  readonly Bucket?: string | undefined;
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
}

export function listHandlers(deps: S3Deps): Handlers {
  const { store } = deps;
  return {
    async ListObjects(_: CallContext, input: ListObjectsCommandInput) {
      const { Marker } = input;
      const page = await store.list(requestOf(input, pastPrefix(Marker, input)));
      const owner = ownerOf(bucketOf(deps, input.Bucket ?? '').ownerAccountId);
      return {
        ...echoed(input),
        Marker: Marker ?? '',
        IsTruncated: page.next !== undefined,
        // Without a delimiter the last key is the next marker, and S3 leaves it out.
        ...(page.next && input.Delimiter && { NextMarker: page.next.after }),
        Contents: page.items.map((version) => ({ ...content(version), Owner: owner })),
        CommonPrefixes: prefixes(page.commonPrefixes),
      };
    },

    async ListObjectsV2(_: CallContext, input: ListObjectsV2CommandInput) {
      const { ContinuationToken: token, StartAfter } = input;
      const page = await store.list(requestOf(input, token === undefined ? StartAfter : readToken(token)));
      const owner = ownerOf(bucketOf(deps, input.Bucket ?? '').ownerAccountId);
      return {
        ...echoed(input),
        ...(token === undefined ? StartAfter !== undefined && { StartAfter } : { ContinuationToken: token }),
        KeyCount: page.items.length + page.commonPrefixes.length,
        IsTruncated: page.next !== undefined,
        ...(page.next && { NextContinuationToken: makeToken(page.next.after) }),
        Contents: page.items.map((version) => ({ ...content(version), ...(input.FetchOwner && { Owner: owner }) })),
        CommonPrefixes: prefixes(page.commonPrefixes),
      };
    },

    async ListObjectVersions(_: CallContext, input: ListObjectVersionsCommandInput) {
      const { KeyMarker, VersionIdMarker } = input;
      if (VersionIdMarker !== undefined && !KeyMarker) {
        throw invalidArgument(
          'version-id-marker',
          VersionIdMarker,
          'A version-id marker cannot be specified without a key marker.',
        );
      }
      const afterVersionId = checkedVersionId(VersionIdMarker || undefined);
      const after = pastPrefix(KeyMarker, input);
      const page = await store.listVersions({
        ...requestOf(input, after),
        ...(afterVersionId !== undefined && after === KeyMarker && { afterVersionId }),
      });
      const owner = ownerOf(bucketOf(deps, input.Bucket ?? '').ownerAccountId);
      const entry = ({ versionId, isLatest, ...version }: ObjectVersion) => ({
        Key: version.key,
        VersionId: versionId,
        IsLatest: isLatest,
        LastModified: shownTime(version.modifiedMs),
        Owner: owner,
      });
      return {
        ...echoed(input),
        KeyMarker: KeyMarker ?? '',
        VersionIdMarker: VersionIdMarker ?? '',
        IsTruncated: page.next !== undefined,
        ...(page.next && { NextKeyMarker: page.next.after }),
        ...(page.next?.afterVersionId !== undefined && { NextVersionIdMarker: page.next.afterVersionId }),
        Versions: page.items
          .filter((version) => !version.isDeleteMarker)
          .map((version) => ({ ...content(version), ...entry(version) })),
        DeleteMarkers: page.items.filter((version) => version.isDeleteMarker).map(entry),
        CommonPrefixes: prefixes(page.commonPrefixes),
      };
    },
  };
}

/** @throws AwsError InvalidArgument */
export function pageLimit(given: number | undefined, name: string): number {
  if (given === undefined) return PAGE_MAX;
  if (given < 0 || given > 0x7fffffff) {
    throw invalidArgument(name, String(given), `Argument ${name} must be an integer between 0 and 2147483647`);
  }
  return Math.min(given, PAGE_MAX);
}

/** @throws AwsError InvalidArgument */
export function checkEncodingType(given: string | undefined): void {
  if (given !== undefined && given !== 'url') {
    throw invalidArgument('encoding-type', given, 'Invalid Encoding Method specified in Request');
  }
}

function requestOf(input: PageInput, after: string | undefined): ListRequest {
  checkEncodingType(input.EncodingType);
  return {
    bucket: input.Bucket ?? '',
    prefix: input.Prefix ?? '',
    ...(input.Delimiter && { delimiter: input.Delimiter }),
    ...(after && { after }),
    limit: pageLimit(input.MaxKeys, 'max-keys'),
  };
}

/**
 * A marker, or where its common prefix ends: of a prefix that a marker lies in S3 lists nothing more. Only the second
 * version of the listing begins within one (StartAfter).
 */
export function pastPrefix(
  marker: string | undefined,
  { Prefix = '', Delimiter }: Pick<PageInput, 'Prefix' | 'Delimiter'>,
): string | undefined {
  if (!Delimiter || !marker?.startsWith(Prefix)) return marker;
  const at = marker.indexOf(Delimiter, Prefix.length);
  return at < 0 ? marker : marker.slice(0, at + Delimiter.length);
}

const echoed = (input: PageInput) => ({
  Name: input.Bucket,
  Prefix: input.Prefix ?? '',
  ...(input.Delimiter && { Delimiter: input.Delimiter }),
  MaxKeys: pageLimit(input.MaxKeys, 'max-keys'),
  ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
});

const content = (version: ObjectVersion) => ({
  Key: version.key,
  LastModified: shownTime(version.modifiedMs),
  ETag: quoted(version.etag),
  Size: version.sizeBytes,
  StorageClass: 'STANDARD' as const,
});

export const prefixes = (list: readonly string[]) => list.map((Prefix) => ({ Prefix }));

/** Opaque to callers: the place after which the listing goes on. */
const makeToken = (after: string): string => Buffer.from(`1${after}`, 'utf8').toString('base64url');

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text.startsWith('1') && makeToken(text.slice(1)) === token) return text.slice(1);
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
}
