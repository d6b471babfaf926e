/** One step into a JSON value: a member's name, or an element's index. */
type Step = string | number;

/** A compiled path: gives the value that it leads to, `undefined` when there is none. */
export type JsonPath = (event: unknown) => unknown;

const STEP = /\.([^.[\]*\s]+)|\[(\d{1,6})\]|\['([^']+)'\]|\["([^"]+)"\]/y;
const PATH_CHARS_MAX = 256;

/**
 * Compiles the paths that EventBridge takes (`$`, `$.detail.requestParameters['bucketName']`, `$.resources[0]`): no
 * wildcards, no filters. @returns undefined when it is no such path
 */
export function compileJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$') || text.length > PATH_CHARS_MAX) return undefined;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (!match) return undefined;
    const [, name, index, single, double] = match;
    steps.push(index === undefined ? (name ?? single ?? double)! : Number(index));
  }
  return (event) => {
    let value = event;
    for (const step of steps) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<Step, unknown>)[step];
    }
    return value;
  };
}

/** The members of a text that is a JSON object; none for any other text. */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
