import { parsePolicy } from '../parse-policy.ts';
import type { Policy } from '../policy.ts';

/** Largest document that IAM takes at all: its model's limit. Quotas, which do not count white space, are far below. */
export const DOCUMENT_CHARS_MAX = 131_072;
/** Documents kept parsed, some 3 KB each. */
const PARSED_MAX = 20_000;

const parsed = new Map<string, Policy>();

/**
 * The policy that a document of a user, group, role or managed policy says; always the same object for the same text, as
 * long as it is in use: what is compiled of a policy is kept by its object.
 */
export const identityPolicy = (document: string): { readonly policy: Policy } | { readonly problem: string } =>
  kept(document, () => parsePolicy(document, { principal: 'refused', sizeBytesMax: 2 * DOCUMENT_CHARS_MAX }));

/**
 * The policy that a role's trust policy says, about the resource `*`: its statements name none.
 */
export const trustPolicy = (document: string): { readonly policy: Policy } | { readonly problem: string } =>
  kept(`trust ${document}`, () => {
    try {
      const json: unknown = JSON.parse(document);
      if (!isObject(json)) return NO_JSON;
      const { Statement: list } = json;
      const statements: unknown[] = Array.isArray(list) ? list : list === undefined ? [] : [list];
      const field = ['Resource', 'NotResource'].find((name) => statements.some((s) => isObject(s) && name in s));
      if (field) return { problem: `Has prohibited field ${field}` };
      const Statement = statements.map((s) => (isObject(s) ? { ...s, Resource: '*' } : s));
      return parsePolicy(JSON.stringify({ ...json, Statement }), { sizeBytesMax: 2 * DOCUMENT_CHARS_MAX });
    } catch {
      return NO_JSON; // or nested too deeply to be written again
    }
  });

const NO_JSON = { problem: 'This policy contains invalid Json' };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Parsed = { readonly policy: Policy } | { readonly problem: string };

function kept(text: string, parse: () => Parsed): Parsed {
  const known = parsed.get(text);
  if (known !== undefined) {
    parsed.delete(text); // so that the map stays in the order of use
    parsed.set(text, known);
    return { policy: known };
  }
  const result = parse();
  if ('policy' in result) {
    parsed.set(text, result.policy);
    if (parsed.size > PARSED_MAX) parsed.delete(parsed.keys().next().value!);
  }
  return result;
}

/**
 * How large quotas count a document: without the white space between its parts.
 * @param document JSON
 */
export const quotaSize = (document: string): number => JSON.stringify(JSON.parse(document)).length;
