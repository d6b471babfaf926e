import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
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
  '.cm-cursor': { borderLeftColor: 'var(--ot-text)' },
  '&.cm-focused': { outline: '2px solid var(--ot-focus)', outlineOffset: '-2px' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { background: 'var(--ot-selected) !important' },
  '.ot-json-name': { color: 'var(--ot-link)' },
  '.ot-json-plain': { color: 'var(--ot-warning)' },
  '.cm-panels': { color: 'var(--ot-text)', backgroundColor: 'var(--ot-page)' },
});

/** Room to write in. */
const INPUT_LOOK = EditorView.theme({
  '&': { backgroundColor: 'var(--ot-input)' },
  '.cm-scroller': { minHeight: '200px' },
});

interface JsonEditorOptions {
  readonly text: string;
  /** For screen readers. */
  readonly label: string;
  /** Hears of each change. Without it the text can be searched, folded and selected, and not changed. */
  readonly onChange?: (text: string) => void;
}

/**
 * JSON to read or to write. It stands in a shadow root: there CodeMirror's styles are style sheets made by script, which the
 * Content-Security-Policy allows, and no <style> elements, which it does not.
 * @returns what removes it
 */
export function openJsonEditor(parent: HTMLElement, { text, label, onChange }: JsonEditorOptions): () => void {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const extensions = [
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    EditorView.lineWrapping,
    lineNumbers(),
    foldGutter(),
    drawSelection(),
    highlightSpecialChars(),
    bracketMatching(),
    search({ top: true }),
    json(),
    syntaxHighlighting(HIGHLIGHTER),
    onChange ? toWrite(onChange) : EditorState.readOnly.of(true),
    keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
    LOOK,
  ];
  const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions }) });
  return () => view.destroy();
}

const toWrite = (onChange: (text: string) => void): Extension => [
  EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
  history(),
  indentOnInput(),
  keymap.of([indentWithTab, ...historyKeymap]),
  INPUT_LOOK,
];
