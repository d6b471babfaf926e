import { saveBlob } from '../../ui/save-file.ts';
import { getFile } from './calls.ts';
import { lastPart } from './logic/listing.ts';

/** Saves an object of a bucket as it is. @throws ApiError */
export async function downloadFile(bucket: string, key: string): Promise<void> {
  saveBlob(await (await getFile(bucket, key)).blob(), lastPart(key));
}
