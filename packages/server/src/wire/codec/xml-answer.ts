import type { Context } from './problem.ts';
import { xmlRoot } from './xml.ts';
import type { XmlNode } from './xml-parse.ts';

/**
 * The root element of a successful answer, undefined when there is no body. What it is called is not held against it:
 * S3's `ListAllMyBucketsResult` is a ListBuckets answer, and emulators have slips of their own.
 * @throws AwsError of the context for what is no XML, or an error or a web page in place of an answer
 */
export function answeredRoot(context: Context, body: Buffer): XmlNode | undefined {
  if (isBlank(body)) return undefined;
  const root = xmlRoot(context, body);
  if (errorElement(root)) throw context.problem('', 'it is an error');
  if (root.name.toLowerCase() === 'html') throw context.problem('', 'it is a web page');
  return root;
}

/** S3 sends line breaks while a long operation goes on, so that the connection is seen to live. */
function isBlank(body: Buffer): boolean {
  return body.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/**
 * The element that holds code and message: S3's `<Error>`, the query protocols' `<ErrorResponse><Error>`, and
 * `<Response><Errors><Error>` of EC2 and SimpleDB.
 */
export function errorElement(root: XmlNode): XmlNode | undefined {
  if (root.name === 'Error') return root;
  if (root.name !== 'ErrorResponse' && root.name !== 'Response') return undefined;
  const inner = child(root, 'Error') ?? child(child(root, 'Errors'), 'Error');
  return inner ?? (root.name === 'ErrorResponse' ? root : undefined);
}

/** The first element of that name. */
export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return node?.children.find((one) => one.name === name);
}
