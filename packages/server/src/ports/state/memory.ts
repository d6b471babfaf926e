import type { State } from '../state.ts';
import { type StagedChange, StateTable } from './table.ts';

/** A State that forgets everything with the process: for tests. */
export function memoryState(): State {
  const table = new StateTable();
  return {
    get: async (key) => table.get(key),
    list: async (prefix) => table.list(prefix),
    page: async (prefix, after, limit) => table.page(prefix, after, limit),
    count: async (prefix) => table.count(prefix),
    async write(changes) {
      const staged = new Map<string, StagedChange>();
      table.stage(changes, staged);
      for (const change of staged.values()) table.apply(change);
    },
    close: async () => {},
  };
}
