import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import type { Made } from '../logic/logs-pattern.ts';

/** Text in another language, to copy; or why there is none. */
export function MadeText({ made, label }: { readonly made: Made; readonly label: string }) {
  if ('problem' in made) return <Alert type="info">{made.problem}</Alert>;
  return (
    <div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text is scrolled by keyboard, too */}
      <section className="ot-event-text" aria-label={label} tabIndex={0}>
        {made.text}
      </section>
      <Box margin={{ top: 'xs' }}>
        <CopyToClipboard
          copyButtonText={`Copy ${label}`}
          textToCopy={made.text}
          copySuccessText="Copied"
          copyErrorText="Could not be copied"
        />
      </Box>
    </div>
  );
}
