import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import { createStore, useStore } from '../base/store.ts';

/** More at once than this are told by nobody being able to read them: the oldest go. */
const FLASHES_MAX = 6;

export type Flash = Pick<FlashbarProps.MessageDefinition, 'type' | 'header' | 'content' | 'loading' | 'action'>;

const store = createStore<readonly (Flash & { readonly id: string })[]>([]);
let made = 0;

/** Shows a message above the page until it is dismissed. @param id replaces the message with the same id. Returns its id. */
export function flash(message: Flash, id = `flash-${++made}`): string {
  const others = store.get().filter((f) => f.id !== id);
  store.set([{ ...message, id }, ...others].slice(0, FLASHES_MAX));
  return id;
}

export function dismissFlash(id: string): void {
  store.set(store.get().filter((f) => f.id !== id));
}

export function Flashes() {
  const items = useStore(store).map((f) => ({
    ...f,
    dismissible: !f.loading,
    dismissLabel: 'Dismiss',
    onDismiss: () => dismissFlash(f.id),
  }));
  return <Flashbar items={items} stackItems={items.length > 2} />;
}
