import Box from '@cloudscape-design/components/box';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Modal from '@cloudscape-design/components/modal';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { clock } from '../base/clock.ts';
import { preferences } from '../base/preferences.ts';
import { navigate } from './router.ts';
import { ROUTES } from './routes.tsx';

/** Two keys belong together when no more lies between them. */
const SEQUENCE_MS = 1500;

/** `g` and one of these goes to a page. */
const PAGES: Readonly<Record<string, string>> = {
  o: '/',
  e: '/events',
  t: '/trails',
  i: '/integrity',
  n: '/notifications',
  a: '/alarms',
  u: '/users',
  r: '/roles',
  k: '/keys',
};

const textOf = (href: string): string | undefined => ROUTES.find((r) => r.pattern === href)?.nav?.text;

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Search'],
  ...Object.entries(PAGES).flatMap(([key, href]) => (textOf(href) ? [[`g ${key}`, textOf(href)!] as const] : [])),
  ['?', 'This list'],
];

/** Keys that act anywhere but where text is typed. Returns their list, while it is shown. */
export function useShortcuts(): ReactNode {
  const [helpShown, showHelp] = useState(false);
  const pressed = useRef({ key: '', atMs: 0 });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!preferences.get().shortcuts || isTyping(event)) return;
      const before = pressed.current;
      pressed.current = { key: event.key, atMs: clock.now() };
      if (before.key === 'g' && clock.now() - before.atMs < SEQUENCE_MS) {
        const href = PAGES[event.key];
        if (!href || !textOf(href)) return;
        navigate(href);
      } else if (event.key === '?') showHelp(true);
      else if (event.key === '/') focusSearch();
      else return;
      pressed.current = { key: '', atMs: 0 };
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <Modal visible={helpShown} onDismiss={() => showHelp(false)} header="Keyboard shortcuts" size="small">
      <KeyValuePairs
        columns={2}
        minColumnWidth={100}
        items={KEYS.map(([key, text]) => ({ label: text, value: <Box variant="code">{key}</Box> }))}
      />
    </Modal>
  );
}

/** A page's own search comes before the one in the top bar: it marks it with `data-search`. */
function focusSearch(): void {
  const inputs = document.querySelectorAll<HTMLElement>('[data-search] input');
  // The top bar measures a hidden copy of itself.
  const shown = [...inputs].filter(
    (input) => input.checkVisibility({ visibilityProperty: true }) && !input.closest('[aria-hidden=true]'),
  );
  const input = shown.find((one) => one.closest('#content')) ?? shown[0];
  input?.focus();
}

function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, [role=dialog], [role=listbox]') !== null;
}
