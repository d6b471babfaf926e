import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { countText } from '../../ui/format.ts';
import type { Live } from './use-live.ts';

interface LiveBarProps {
  readonly live: Live;
  /** Stopped by the button, until the button. */
  readonly paused: boolean;
  /** Held because somebody is looking, or by the button. */
  readonly held: boolean;
  readonly onPause: (paused: boolean) => void;
  /** Leaves live mode for a search of what came since it began. */
  readonly onSearch: () => void;
}

/** How live mode is doing: connected or not, held or not, and what nobody could see. */
export function LiveBar({ live, paused, held, onPause, onSearch }: LiveBarProps) {
  const { state, receivedCount, skippedCount, waitingCount, error } = live;
  if (state === 'refused')
    return (
      <Alert type="error" header="New events cannot be followed">
        {error}
      </Alert>
    );
  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      <Button iconName={paused ? 'play' : 'pause'} onClick={() => onPause(!paused)}>
        {paused ? 'Go on' : 'Pause'}
      </Button>
      <span role="status">
        <Connection live={live} held={held} paused={paused} />
      </span>
      <span className="history-live-counts">
        {`${countText(receivedCount + (held ? waitingCount : 0))} received`}
        {held && waitingCount > 0 && `, ${countText(waitingCount)} waiting`}
        {skippedCount > 0 && `, ${countText(skippedCount)} came too fast to be shown`}
      </span>
      {skippedCount > 0 && (
        <Button variant="inline-link" onClick={onSearch}>
          Search them
        </Button>
      )}
    </SpaceBetween>
  );
}

function Connection({ live: { state, error }, held, paused }: Pick<LiveBarProps, 'live' | 'held' | 'paused'>) {
  if (state === 'connecting') return <StatusIndicator type="loading">Connecting</StatusIndicator>;
  if (state === 'reconnecting') {
    return (
      <StatusIndicator type="warning">{`Connection lost, trying again${error ? `: ${error}` : ''}`}</StatusIndicator>
    );
  }
  if (held) return <StatusIndicator type="stopped">{paused ? 'Paused' : 'Paused while you look'}</StatusIndicator>;
  return <StatusIndicator type="success">Live</StatusIndicator>;
}
