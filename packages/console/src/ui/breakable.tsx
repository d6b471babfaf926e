import { Fragment } from 'react';
import './breakable.css';

/** Where ARNs, paths and names of files may be broken: after these. */
const PIECES = /(?<=[:/_])/;

/** A long name that wraps between its parts. What is copied of it is the name alone. */
export function Breakable({ text }: { readonly text: string }) {
  return (
    <span className="ot-breakable">
      {text.split(PIECES).map((piece, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other names
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {piece}
        </Fragment>
      ))}
    </span>
  );
}
