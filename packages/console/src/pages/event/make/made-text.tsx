import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { Made } from '../logic/logs-pattern.ts';

interface MadeTextProps {
  readonly made: Made;
  /** What it is: `filter pattern`. */
  readonly label: string;
  /** What else can be done with it, beside copying. */
  readonly children?: ReactNode;
}

/** Text in another language, to copy; or why there is none. */
export function MadeText({ made, label, children }: MadeTextProps) {
  if ('problem' in made) return <Alert type="info">{made.problem}</Alert>;
  return (
    <div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text is scrolled by keyboard, too */}
      <section className="ot-event-text" aria-label={label} tabIndex={0}>
        {made.text}
      </section>
      <Box margin={{ top: 'xs' }}>
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <CopyToClipboard
            copyButtonText={`Copy ${label}`}
            textToCopy={made.text}
            copySuccessText="Copied"
            copyErrorText="Could not be copied"
          />
          {children}
        </SpaceBetween>
      </Box>
    </div>
  );
}
