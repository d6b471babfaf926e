import type { Mailboxes, MessageEntry } from '../mailboxes.ts';

interface Box {
  readonly messages: Map<number, MessageEntry & { readonly body: Buffer }>;
}

/** Mailboxes that a process takes with it when it ends: for tests of what stands on them. */
export function createMemoryMailboxes(): Mailboxes {
  const all = new Map<string, Box>();
  let nextId = 1;
  const messagesOf = (path: string) => all.get(path)?.messages ?? new Map<number, never>();

  return {
    async put(messages) {
      return messages.map(({ box: path, body, meta = {} }) => {
        const box = all.get(path) ?? { messages: new Map() };
        all.set(path, box);
        const id = nextId++;
        box.messages.set(id, { id, meta, bodyBytes: body.length, body: Buffer.from(body) });
        return id;
      });
    },
    *entries(path, after = 0) {
      for (const message of messagesOf(path).values()) if (message.id > after) yield message;
    },
    entry: (path, id) => messagesOf(path).get(id),
    size(path) {
      const messages = [...messagesOf(path).values()];
      return { count: messages.length, bytes: messages.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) };
    },
    body: async (path, id) => messagesOf(path).get(id)?.body,
    async update(path, changes) {
      const messages = all.get(path)?.messages;
      for (const { id, meta } of changes) {
        const known = messages?.get(id);
        if (known) messages!.set(id, { ...known, meta });
      }
    },
    async remove(path, ids) {
      const messages = all.get(path)?.messages;
      for (const id of ids) messages?.delete(id);
      if (messages?.size === 0) all.delete(path);
    },
    async drop(path) {
      all.delete(path);
    },
    boxes: (prefix) => [...all.keys()].filter((path) => path.startsWith(prefix)).sort(),
    async close() {},
  };
}
