import type { Mailboxes } from '../mailboxes.ts';
import { MailboxTable } from './table.ts';

/** Mailboxes that a process takes with it when it ends: for tests of what stands on them. */
export function createMemoryMailboxes(): Mailboxes {
  const table = new MailboxTable<Buffer>();
  let nextId = 1;

  return {
    async put(messages, taking) {
      const ids = messages.map(({ box, body, meta = {} }) => {
        const id = nextId++;
        table.set(box, { id, meta, bodyBytes: body.length, place: Buffer.from(body) });
        return id;
      });
      for (const id of taking?.ids ?? []) table.delete(taking!.box, id);
      return ids;
    },
    entries: (path, after) => table.entries(path, after),
    entry: (path, id) => table.find(path, id),
    size: (path) => table.size(path),
    body: async (path, id) => table.find(path, id)?.place,
    async update(path, changes) {
      for (const { id, meta } of changes) {
        const known = table.find(path, id);
        if (known) table.set(path, { ...known, meta });
      }
    },
    async remove(path, ids) {
      for (const id of ids) table.delete(path, id);
    },
    async drop(path) {
      for (const { id } of [...table.entries(path)]) table.delete(path, id);
    },
    boxes: (prefix) => table.boxes(prefix),
    async close() {},
  };
}
