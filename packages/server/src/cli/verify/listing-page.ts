import type { ListedObject } from '../../verify/source.ts';
import { parseXml } from '../../wire/codec/xml-parse.ts';

const OPEN = '<Contents>';
const CLOSE = '</Contents>';

/**
 * The objects of a ListObjectsV2 page that was asked for with `encoding-type=url`. A bucket of a year has hundreds of
 * pages with a thousand entries of one form, which are cut out where they stand: reading every element takes ten times
 * as long.
 * @throws Error when it is no such page
 */
export function listedObjects(xml: string): ListedObject[] {
  const objects: ListedObject[] = [];
  for (let at = xml.indexOf(OPEN); at >= 0; ) {
    const end = xml.indexOf(CLOSE, at);
    const entry = xml.slice(at + OPEN.length, end < 0 ? xml.length : end);
    const key = textIn(entry, 'Key');
    if (end < 0 || key === undefined) throw new Error('an entry of a listing is not whole');
    objects.push({
      key: decodeURIComponent(key.replaceAll('+', ' ')),
      sizeBytes: Number(textIn(entry, 'Size')),
      lastModifiedMs: Date.parse(textIn(entry, 'LastModified') ?? ''),
    });
    at = xml.indexOf(OPEN, end);
  }
  return objects;
}

/** What asks for the page after this one; undefined when there is none. */
export const nextTokenIn = (xml: string): string | undefined => textIn(xml, 'NextContinuationToken') || undefined;

/** The text of the first element of that name. */
function textIn(xml: string, name: string): string | undefined {
  const open = `<${name}>`;
  const start = xml.indexOf(open);
  if (start < 0) return undefined;
  const text = xml.slice(start + open.length, xml.indexOf('<', start + open.length));
  return text.includes('&') ? parseXml(`<t>${text}</t>`).text : text;
}
