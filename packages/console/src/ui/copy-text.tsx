import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import { Breakable } from './breakable.tsx';
import './copy-text.css';
import { visible } from './visible.ts';

interface CopyTextProps {
  readonly text: string;
  /** What it is, for screen readers: "event ID". */
  readonly label: string;
  /** What is shown, where it is not the text itself. */
  readonly shown?: string;
}

/** What is longer is no name, and is copied whole all the same. */
const SHOWN_CHARS_MAX = 300;

/** A value with a button that copies it. */
export function CopyText({ text, label, shown }: CopyTextProps) {
  return (
    <span className="ot-copy">
      <CopyToClipboard
        variant="inline"
        textToCopy={text}
        textToDisplay=""
        copyButtonAriaLabel={`Copy ${label}`}
        copySuccessText="Copied"
        copyErrorText="Could not be copied"
      />
      <Breakable text={visible(shown ?? text, SHOWN_CHARS_MAX)} />
    </span>
  );
}
