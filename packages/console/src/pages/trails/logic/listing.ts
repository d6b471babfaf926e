import { listOf } from '../../../api/xml.ts';

/** A page of ListObjectsV2 with a delimiter, as a folder shows it. */
export interface FolderPage {
  readonly folders: readonly string[];
  readonly files: readonly ListedFile[];
  /** What asks for the next page. */
  readonly next?: string;
}

export interface ListedFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modified: string;
}

interface ListAnswer {
  readonly CommonPrefixes?: unknown;
  readonly Contents?: unknown;
  readonly NextContinuationToken?: string;
}

/** @param answer of `encoding-type=url`: keys may hold what XML cannot */
export function folderPage(answer: ListAnswer, folder: string): FolderPage {
  const folders = listOf<{ readonly Prefix?: string }>(answer.CommonPrefixes).map(({ Prefix = '' }) => decoded(Prefix));
  const files = listOf<{ readonly Key?: string; readonly Size?: string; readonly LastModified?: string }>(
    answer.Contents,
  ).map(({ Key = '', Size = '0', LastModified = '' }) => ({
    key: decoded(Key),
    sizeBytes: Number(Size),
    modified: LastModified,
  }));
  return {
    folders,
    // A folder may have an object of its own name: the marker that CloudTrail writes to see that it may.
    files: files.filter(({ key }) => key !== folder),
    ...(answer.NextContinuationToken ? { next: answer.NextContinuationToken } : {}),
  };
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

/** The name of the last folder or file of a key. */
export const lastPart = (key: string): string => key.replace(/\/$/, '').split('/').at(-1) ?? key;

export interface Crumb {
  readonly text: string;
  readonly folder: string;
}

/** The way from the top of a trail's files down to a folder. */
export function crumbsOf(root: string, folder: string): Crumb[] {
  if (!folder.startsWith(root)) return [{ text: root, folder: root }];
  const crumbs = [{ text: root, folder: root }];
  for (let at = root.length; at < folder.length; ) {
    const end = folder.indexOf('/', at);
    if (end < 0) break;
    crumbs.push({ text: folder.slice(at, end), folder: folder.slice(0, end + 1) });
    at = end + 1;
  }
  return crumbs;
}

/** Whether it may be a file of records, which can be opened here. */
export const isLogFile = (key: string): boolean => key.endsWith('.json.gz') && !isDigest(key);
export const isDigest = (key: string): boolean => key.includes('/CloudTrail-Digest/');

/** Where a trail's files of an account and Region begin, so that few clicks lead to the newest. */
export const regionFolder = (root: string, accountId: string, region: string): string =>
  `${root}${accountId}/CloudTrail/${region}/`;
