import { type Listing, type ListRequest, type ObjectVersion, StoreRefusal, type Upload } from '../object-store.ts';
import { after, keyText, publicId, sequenceOf, uploadKey, uploadSequence, versionKey } from './codec.ts';
import type { Core } from './core.ts';
import { placeAfterKey, walk } from './listing.ts';
import { findVersion, foundIn, latest } from './versions.ts';

/** Latest versions that are not deleted. */
export async function listObjects(core: Core, request: ListRequest): Promise<Listing<ObjectVersion>> {
  return walk({
    ...walkOf(request),
    pages: core.versions(core.bucket(request.bucket)),
    from: placeAfterKey(request),
    firstOfKeyOnly: true,
    take: (entry, before) => {
      const { version } = foundIn(entry, before);
      return version.isDeleteMarker ? undefined : { item: version, place: { after: version.key } };
    },
  });
}

/** All versions and delete markers, of each key the newest first. @throws StoreRefusal NoSuchVersion for the marker */
export async function listVersions(core: Core, request: ListRequest): Promise<Listing<ObjectVersion>> {
  const pages = core.versions(core.bucket(request.bucket));
  const place = versionPlace();
  return walk({
    ...walkOf(request),
    ...place,
    pages,
    firstOfKeyOnly: false,
    take: (entry, before) => {
      const { version } = foundIn(entry, before);
      return { item: version, place: { after: version.key, afterVersionId: version.versionId } };
    },
  });

  function versionPlace(): { from: Buffer; before?: Buffer } {
    const { after: key, afterVersionId: id } = request;
    if (key === undefined || id === undefined) return { from: placeAfterKey(request) };
    // The version may have been deleted since the last page: its id still says where it stood.
    const sequence = findVersion(pages, key, id)?.entry.sequence ?? sequenceOf('version', id);
    if (sequence === undefined) throw new StoreRefusal('NoSuchVersion');
    const place = versionKey(key, sequence);
    const from = after(place)!;
    // With that one all that were newer may have gone: what comes next is the latest then.
    const newest = latest(pages, key);
    const isNewerThere = newest !== undefined && versionKey(key, newest.entry.sequence).compare(place) <= 0;
    return { from, ...(isNewerThere && { before: place }) };
  }
}

/** Uploads that are neither completed nor aborted; of each key the oldest first. */
export async function listUploads(
  core: Core,
  request: Omit<ListRequest, 'afterVersionId'> & { readonly afterUploadId?: string },
): Promise<Listing<Upload>> {
  const { after: key, afterUploadId } = request;
  const sequence = afterUploadId === undefined ? undefined : sequenceOf('upload', afterUploadId);
  if (afterUploadId !== undefined && sequence === undefined) throw new StoreRefusal('NoSuchUpload');
  return walk({
    ...walkOf(request),
    pages: core.uploads(core.bucket(request.bucket)),
    from: key !== undefined && sequence !== undefined ? after(uploadKey(key, sequence))! : placeAfterKey(request),
    firstOfKeyOnly: false,
    take: (entry) => {
      const upload = {
        key: keyText(entry.key),
        uploadId: publicId('upload', uploadSequence(entry.key)),
        createdMs: entry.value.readUIntLE(0, 6),
      };
      return { item: upload, place: { after: upload.key, afterUploadId: upload.uploadId } };
    },
  });
}

const walkOf = ({ prefix = '', delimiter, limit }: ListRequest) => ({ prefix, delimiter, limit });
