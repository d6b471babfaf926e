/** Who a trust policy lets in, in words, by the statement that allows it. */

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
}

const listed = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** Shown in a list; all of them stand in the document. */
const SHOWN_MAX = 3;

/**
 * `Account 123456789012`, `user/alice`, `lambda.amazonaws.com`, `everyone` … of a trust policy; empty when it lets nobody in or
 * cannot be read.
 */
export function trustedIn(document: string): readonly string[] {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    return [];
  }
  const statements = listed((policy as { readonly Statement?: unknown } | null)?.Statement) as readonly Statement[];
  const allowing = statements.filter((statement) => statement?.Effect === 'Allow');
  return [...new Set(allowing.flatMap(({ Principal }) => principalsOf(Principal)))];
}

function principalsOf(principal: unknown): readonly string[] {
  if (principal === '*') return ['everyone'];
  if (typeof principal !== 'object' || principal === null) return [];
  return Object.entries(principal).flatMap(([kind, values]) =>
    listed(values).map((value) => (kind === 'AWS' ? awsPrincipal(String(value)) : String(value))),
  );
}

function awsPrincipal(value: string): string {
  if (value === '*') return 'everyone';
  if (/^\d{12}$/.test(value)) return `Account ${value}`;
  const [, , , , account, ...resource] = value.split(':');
  const name = resource.join(':');
  if (name === 'root') return `Account ${account}`;
  return name || value;
}

/** In a line: the first of them, and how many more. */
export function trustedText(document: string): string {
  const all = trustedIn(document);
  if (all.length === 0) return 'Nobody';
  const more = all.length - SHOWN_MAX;
  return `${all.slice(0, SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
