import { getFile } from './calls.ts';
import { lastPart } from './logic/listing.ts';

/** Saves an object of a bucket as it is. @throws ApiError */
export async function downloadFile(bucket: string, key: string): Promise<void> {
  save(await (await getFile(bucket, key)).blob(), lastPart(key));
}

export function saveText(text: string, name: string, type: string): void {
  save(new Blob([text], { type }), name);
}

/** As a click on a link to it would. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
