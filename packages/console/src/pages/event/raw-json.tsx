import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type AuditRecord, textOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { saveText } from '../../ui/save-file.ts';
import { layOut } from './logic/lay-out.ts';

/** The record's own text, laid out, every number and escape as it was written; the download is its very bytes. */
export function RawJson({ event }: { readonly event: ShownEvent }) {
  const [isOpen, setOpen] = useState(false);
  const text = useMemo(() => (isOpen ? layOut(event.json) : ''), [isOpen, event.json]);
  return (
    <ExpandableSection
      variant="container"
      headerText="Record as JSON"
      expanded={isOpen}
      onChange={({ detail }) => setOpen(detail.expanded)}
      headerActions={
        isOpen && (
          <SpaceBetween direction="horizontal" size="xs">
            <CopyToClipboard
              copyButtonText="Copy"
              textToCopy={text}
              copySuccessText="Copied"
              copyErrorText="Could not be copied"
            />
            <Button
              iconName="download"
              onClick={() => saveText(event.json, fileName(event.record), 'application/json')}
            >
              Download
            </Button>
          </SpaceBetween>
        )
      }
    >
      {isOpen && <JsonText text={text} />}
    </ExpandableSection>
  );
}

/** CodeMirror, loaded when it is needed; until then, and where it cannot be loaded, the plain text. */
function JsonText({ text }: { readonly text: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    let remove: (() => void) | undefined;
    let isLeft = false;
    import('../../ui/json-editor.ts').then(
      ({ openJsonEditor }) => {
        if (isLeft || !place.current) return;
        remove = openJsonEditor(place.current, { text, label: 'Record as JSON' });
        setShown(true);
      },
      () => undefined,
    );
    return () => {
      isLeft = true;
      remove?.();
    };
  }, [text]);
  return (
    <>
      <div ref={place} className={isShown ? 'ot-event-json' : undefined} />
      {!isShown && <pre className="ot-event-text">{text}</pre>}
    </>
  );
}

const fileName = ({ eventID }: AuditRecord): string =>
  `${textOf(eventID).replace(/[^A-Za-z0-9-]/g, '') || 'event'}.json`;
