import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';

const LOOK = EditorView.theme({
  '&': { color: 'var(--ot-text)', backgroundColor: 'var(--ot-input)', fontSize: '13px', maxHeight: '480px' },
  '.cm-scroller': { fontFamily: 'var(--ot-mono)', overflow: 'auto', minHeight: '200px' },
  '.cm-gutters': { color: 'var(--ot-text-secondary)', backgroundColor: 'var(--ot-page)', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--ot-text)' },
  '&.cm-focused': { outline: '2px solid var(--ot-focus)', outlineOffset: '-2px' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { background: 'var(--ot-selected) !important' },
});

/**
 * An editor of JSON. It stands in a shadow root: there CodeMirror's styles are style sheets made by script, which the
 * Content-Security-Policy allows, and no <style> elements, which it does not.
 * @param changed hears of each change @returns what removes it
 */
export function editJson(
  parent: HTMLElement,
  text: string,
  label: string,
  changed: (text: string) => void,
): () => void {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.lineWrapping,
        EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
        lineNumbers(),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        bracketMatching(),
        indentOnInput(),
        json(),
        keymap.of([indentWithTab, ...historyKeymap, ...defaultKeymap]),
        LOOK,
      ],
    }),
  });
  return () => view.destroy();
}
