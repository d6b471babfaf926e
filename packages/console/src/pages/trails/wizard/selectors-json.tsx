import FormField from '@cloudscape-design/components/form-field';
import { useEffect, useRef, useState } from 'react';
import { messageOf } from '../../../api/error.ts';
import { parseSelectors, type Selectors, selectorsInput } from '../logic/selectors.ts';

interface SelectorsJsonProps {
  readonly selectors: Selectors;
  readonly onChange: (selectors: Selectors) => void;
}

/** Selectors as text: what `aws cloudtrail get-event-selectors` prints, or either list of it. */
export function SelectorsJson({ selectors, onChange }: SelectorsJsonProps) {
  const holder = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string>();
  const changed = useRef(onChange);
  changed.current = onChange;
  const [initial] = useState(() => JSON.stringify(Object.values(selectorsInput(selectors))[0], null, 2));
  useEffect(() => {
    let close: (() => void) | undefined;
    let isGone = false;
    const read = (text: string) => {
      try {
        changed.current(parseSelectors(text));
        setProblem(undefined);
      } catch (error) {
        setProblem(messageOf(error));
      }
    };
    import('../../../ui/json-editor.ts').then(
      ({ openJsonEditor }) => {
        const options = { text: initial, label: 'Event selectors as JSON', onChange: read };
        if (!isGone && holder.current) close = openJsonEditor(holder.current, options);
      },
      (error) => setProblem(messageOf(error)),
    );
    return () => {
      isGone = true;
      close?.();
    };
  }, [initial]);
  return (
    <FormField
      stretch
      label="Event selectors as JSON"
      description="A list of selectors, basic or advanced, or what aws cloudtrail get-event-selectors prints. Escape, then Tab leaves the editor."
      errorText={problem}
    >
      <div ref={holder} className="ot-editor" />
    </FormField>
  );
}
