import { useState } from 'react';
import './cut-text.css';
import { countText } from './format.ts';
import { Marked } from './marked.tsx';
import { visible } from './visible.ts';

/** What is longer is cut until asked for: some values are whole files. */
const SHOWN_CHARS_MAX = 240;
/** More of one value is for copying, not for reading: it would make the page slow. */
const SHOWN_CHARS_END = 20_000;

interface CutTextProps {
  readonly text: string;
  /** What is found in it is marked. */
  readonly search?: string;
  /** -1 where the keyboard reaches it by other ways. */
  readonly tabIndex?: number;
  /** Whether all is shown, where whoever shows it keeps that. Without these the text does. */
  readonly isWhole?: boolean;
  readonly onToggle?: () => void;
}

/** A value of a record, in full where it is short; line breaks and tabs stay, what cannot be seen is written out. */
export function CutText({ text, search = '', tabIndex = 0, ...kept }: CutTextProps) {
  const [own, setOwn] = useState(false);
  const isWhole = kept.isWhole ?? own;
  const toggle = kept.onToggle ?? (() => setOwn(!own));
  const shown = text.slice(0, isWhole ? SHOWN_CHARS_END : SHOWN_CHARS_MAX);
  return (
    <>
      {text === '' ? <span className="ot-quiet">empty text</span> : <Marked text={escaped(shown)} search={search} />}
      {text.length > SHOWN_CHARS_MAX && (
        <button type="button" tabIndex={tabIndex} className="ot-text-button" onClick={toggle}>
          {isWhole ? 'Show less' : `… show all ${countText(text.length)} characters`}
        </button>
      )}
      {isWhole && text.length > SHOWN_CHARS_END && <span className="ot-quiet"> … copy the value for the rest</span>}
    </>
  );
}

const escaped = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : visible(part)))
    .join('');
