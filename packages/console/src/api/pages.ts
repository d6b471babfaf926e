/** What a list is, as far as pages of it were read. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** There are more than were read. */
  readonly isCut: boolean;
}

/** Pages of one list: a table of more is no help, and each page is a call in the audit log. */
const PAGES_MAX = 20;

/**
 * Reads an operation's pages one after the other.
 * @param ask with the token of the page before; answers the page and the token of the next one
 */
export async function allPages<T>(
  ask: (token: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<Listed<T>> {
  const all: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { items, next } = await ask(token);
    all.push(...items);
    if (!next) return { items: all, isCut: false };
    token = next;
  }
  return { items: all, isCut: true };
}

/** Calls at a time: more would only wait in the server, or be throttled. */
const AT_ONCE = 6;

/** What `ask` answers of each, in their order; not all are asked at once. */
export async function mapSome<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
  const answers: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const i = next++;
      answers[i] = await ask(items[i]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return answers;
}
