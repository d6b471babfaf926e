import { Deque } from './deque.ts';

/** `delayed` and `taken` messages become `ready` when their time comes; what is `gone` waits to be passed over. */
export type HeldState = 'delayed' | 'ready' | 'taken' | 'gone';

/** A message of a queue, as far as its turn depends on it. */
export interface Held {
  readonly id: number;
  readonly group: string;
  state: HeldState;
  /** Of the steady clock: when a delayed or taken one is ready. */
  dueMs: number;
  /** How often it was received. */
  receives: number;
  /** Of the steady clock: when it was received last. */
  takenMs: number;
}

/** Whose turn it is. */
export interface Line {
  /** How many may take at once; perhaps a few less, which `take` finds out. */
  readonly length: number;
  /** A message that is new to the queue, in whatever state. */
  add(held: Held): void;
  /** It has become ready. */
  ready(held: Held): void;
  /** It was taken and is ready again. */
  released(held: Held): void;
  /** It is gone. @param wasTaken whether it was taken when it went */
  forgotten(held: Held, wasTaken: boolean): void;
  /** Up to `max` messages that are ready, in order; they count as taken from here on. */
  take(max: number): readonly Held[];
}

/** Standard queues: what has been ready longest. */
export function standardLine(): Line {
  const line = new Deque<Held>();
  return {
    get length() {
      return line.length;
    },
    add: (held) => {
      if (held.state === 'ready') line.push(held);
    },
    ready: (held) => line.push(held),
    released: () => {},
    forgotten: () => {},
    take(max) {
      const taken: Held[] = [];
      while (taken.length < max) {
        const held = line.shift();
        if (!held) break;
        if (held.state !== 'ready') continue;
        held.state = 'taken';
        taken.push(held);
      }
      return taken;
    },
  };
}

interface Group {
  readonly id: number;
  readonly name: string;
  readonly messages: Deque<Held>;
  /** Messages taken: while there is one, nothing else of the group is given out. */
  busy: number;
  /** Stands in the line of groups. */
  listed: boolean;
}

/** FIFO queues: each group in order, and none while a message of it is in flight; groups by turns. */
export function fifoLine(): Line {
  const groups = new Map<string, Group>();
  const line = new Deque<Group>();
  let nextId = 1;

  const head = (group: Group): Held | undefined => {
    while (group.messages.at(0)?.state === 'gone') group.messages.shift();
    return group.messages.at(0);
  };
  const list = (group: Group) => {
    const first = head(group);
    if (!first && group.busy === 0) groups.delete(group.name);
    if (group.listed || group.busy > 0 || first?.state !== 'ready') return;
    group.listed = true;
    line.push(group);
  };
  const groupOf = (name: string): Group => {
    const known = groups.get(name);
    if (known) return known;
    const made: Group = { id: nextId++, name, messages: new Deque<Held>(), busy: 0, listed: false };
    groups.set(name, made);
    return made;
  };

  return {
    get length() {
      return line.length;
    },
    add(held) {
      const group = groupOf(held.group);
      group.messages.insert(held);
      if (held.state === 'taken') group.busy++;
      list(group);
    },
    ready: (held) => list(groupOf(held.group)),
    released(held) {
      const group = groupOf(held.group);
      group.busy--;
      list(group);
    },
    forgotten(held, wasTaken) {
      const group = groupOf(held.group);
      if (wasTaken) group.busy--;
      list(group);
    },
    take(max) {
      const taken: Held[] = [];
      while (taken.length < max) {
        const group = line.shift();
        if (!group) break;
        group.listed = false;
        if (group.busy > 0) continue;
        head(group);
        for (let i = 0; taken.length < max; i++) {
          const held = group.messages.at(i);
          if (held?.state === 'gone') continue;
          if (held?.state !== 'ready') break;
          held.state = 'taken';
          group.busy++;
          taken.push(held);
        }
      }
      return taken;
    },
  };
}
