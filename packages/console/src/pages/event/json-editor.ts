import { defaultKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';

/** What is in which colour: by the page's own, so that light and dark need nothing more. */
const CLASSES: Readonly<Record<string, string>> = {
  propertyName: 'ot-json-name',
  number: 'ot-json-plain',
  bool: 'ot-json-plain',
  null: 'ot-json-plain',
};
const HIGHLIGHTER: Parameters<typeof syntaxHighlighting>[0] = {
  style: (tags) => CLASSES[String(tags[0])] ?? null,
};

const LOOK = EditorView.theme({
  '&': { color: 'var(--ot-text)', backgroundColor: 'var(--ot-container)', fontSize: '13px', maxHeight: '480px' },
  '.cm-scroller': { fontFamily: 'var(--ot-mono)', overflow: 'auto' },
  '.cm-gutters': { color: 'var(--ot-text-secondary)', backgroundColor: 'var(--ot-page)', border: 'none' },
  '&.cm-focused': { outline: '2px solid var(--ot-focus)', outlineOffset: '-2px' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { background: 'var(--ot-selected) !important' },
  '.ot-json-name': { color: 'var(--ot-link)' },
  '.ot-json-plain': { color: 'var(--ot-warning)' },
  '.cm-panels': { color: 'var(--ot-text)', backgroundColor: 'var(--ot-page)' },
});

/**
 * Shows JSON that can be searched, folded and selected, and not changed. It stands in a shadow root: there CodeMirror's styles
 * are style sheets made by script, which the Content-Security-Policy allows, and no <style> elements, which it does not.
 * @returns what removes it
 */
export function showJson(parent: HTMLElement, text: string): () => void {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({ 'aria-label': 'Record as JSON', tabindex: '0' }),
        EditorView.lineWrapping,
        lineNumbers(),
        foldGutter(),
        drawSelection(),
        highlightSpecialChars(),
        bracketMatching(),
        search({ top: true }),
        json(),
        syntaxHighlighting(HIGHLIGHTER),
        keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
        LOOK,
      ],
    }),
  });
  return () => view.destroy();
}
