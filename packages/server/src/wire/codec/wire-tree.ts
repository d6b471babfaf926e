import type { WireObject, WireTree } from '../../event/wire-tree.ts';
import { type FormNode, formFields, formNodes, numbered } from './form.ts';
import { problemOf } from './problem.ts';
import { parseXml, type XmlNode } from './xml-parse.ts';

/** Fields that say what is called and by whom, not with what; the signature's are no parameters, and partly secret. */
const PROTOCOL_FIELD = /^(?:Action|Version|X-Amz-.*)$/i;
/** Those of signature version 2, which some operation might have for a parameter. */
const SIGNATURE_2 = new Set(['AWSAccessKeyId', 'Signature', 'SignatureMethod', 'SignatureVersion', 'SecurityToken']);
const SIGNED_DATES = new Set(['Timestamp', 'Expires']);

/**
 * The request of a query protocol as a tree of its dotted names, in their order: `Filter.1.Name=a` is
 * `{Filter: [{Name: 'a'}]}`. Names under which there are only numbers are lists, in the order of the numbers, which may
 * have gaps. The value of a name that has both a value and names below it stands under the empty name.
 * @returns undefined for what is no form, or one with more fields than any request has
 */
export function formTree(query: readonly (readonly [string, string])[], body: Buffer): WireObject | undefined {
  try {
    const fields = [...query, ...formFields(body, 'awsQuery')];
    const isSigned2 = fields.some(([name]) => name === 'AWSAccessKeyId');
    const kept = fields.filter(
      ([name]) => !(PROTOCOL_FIELD.test(name) || SIGNATURE_2.has(name) || (isSigned2 && SIGNED_DATES.has(name))),
    );
    return formObject(formNodes(kept, problemOf('awsQuery')));
  } catch {
    return undefined;
  }
}

function formObject(node: FormNode): WireObject {
  const out = emptyObject();
  if (node.value) out[''] = node.value;
  for (const [name, child] of node.children) {
    out[name] = isList(child) ? numbered(child).map(([, item]) => formValue(item)) : formValue(child);
  }
  return out;
}

function formValue(node: FormNode): WireTree {
  return node.children.size === 0 ? (node.value ?? '') : formObject(node);
}

function isList(node: FormNode): boolean {
  return node.children.size > 0 && !node.value && numbered(node).length === node.children.size;
}

/**
 * An XML document as a tree, without a schema: `{CreateVpcResponse: {xmlns: …, requestId: …, vpc: {…}}}`. Names are without
 * prefix. An element without attributes and elements is its text; others are objects, of their attributes, then their
 * elements, those that stand more than once as a list where the first stood, and text beside these as `content`. So a
 * list of one cannot be told from an element. Space that only lays the document out is no text.
 * @returns undefined for what is no XML, or more than any answer has
 */
export function xmlTree(body: Buffer): WireObject | undefined {
  try {
    const root = parseXml(body.toString());
    const out = emptyObject();
    out[root.name] = xmlValue(root);
    return out;
  } catch {
    return undefined;
  }
}

function xmlValue(node: XmlNode): WireTree {
  const text = node.text.trim() === '' ? '' : node.text;
  if (node.children.length === 0 && node.attributes.size === 0) return text;
  const out = emptyObject();
  for (const [name, value] of node.attributes) out[name] = value;
  const lists = new Map<string, WireTree[]>();
  for (const child of node.children) {
    const value = xmlValue(child);
    const list = lists.get(child.name);
    if (list) list.push(value);
    lists.set(child.name, list ?? [value]);
  }
  for (const [name, list] of lists) out[name] = list.length === 1 ? list[0]! : list;
  if (text !== '') out.content = text;
  return out;
}

/** Without a prototype, so that no name on the wire means more than itself. */
function emptyObject(): Record<string, WireTree | readonly WireTree[]> {
  return Object.create(null);
}
