import { ApiError } from './error.ts';

/** What an XML answer comes to: text stays text (numbers, times and booleans too). */
export type XmlValue = string | readonly XmlValue[] | { readonly [name: string]: XmlValue };

/** The part of a DOM element that is used here. */
export interface XmlElement {
  readonly localName: string;
  readonly children: ArrayLike<XmlElement>;
  readonly textContent: string | null;
}

/** Deeper than any answer of AWS's; a hostile one must not exhaust the stack. */
const DEPTH_MAX = 60;

/**
 * An element without elements is its text. One whose elements are all `member` or `entry` (lists and maps of the query
 * protocol) is an array; elsewhere an element that comes more than once becomes an array (S3's lists).
 */
export function xmlToObject(element: XmlElement, depth = 0): XmlValue {
  if (depth > DEPTH_MAX) throw new ApiError('InvalidAnswer', 'The answer is nested too deeply.', 0);
  const children = Array.from(element.children);
  if (children.length === 0) return element.textContent ?? '';
  if (children.every((c) => c.localName === 'member' || c.localName === 'entry'))
    return children.map((c) => xmlToObject(c, depth + 1));
  const grouped = new Map<string, XmlValue[]>();
  for (const child of children) {
    const values = grouped.get(child.localName) ?? [];
    values.push(xmlToObject(child, depth + 1));
    grouped.set(child.localName, values);
  }
  return Object.fromEntries([...grouped].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]));
}

/** A list of an XML answer: an empty one comes as empty text, and S3's with one element as that element. */
export function listOf<T = XmlValue>(value: unknown): readonly T[] {
  if (value === undefined || value === '') return [];
  return Array.isArray(value) ? (value as T[]) : [value as T];
}

/** @throws ApiError InvalidAnswer for what is no XML */
export function parseXml(text: string): XmlValue {
  const document = new DOMParser().parseFromString(text, 'application/xml');
  if (document.querySelector('parsererror')) throw new ApiError('InvalidAnswer', 'The answer is no XML.', 0);
  return xmlToObject(document.documentElement);
}
