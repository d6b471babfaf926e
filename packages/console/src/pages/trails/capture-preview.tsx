import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { native } from '../../api/client.ts';
import { pause } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { ErrorState } from '../../ui/error-state.tsx';
import { bytesText, countText } from '../../ui/format.ts';
import { Loading } from '../../ui/loading.tsx';
import { type Selectors, selectorsInput, selectorsProblem } from './logic/selectors.ts';

interface Tally {
  readonly EventCount: number;
  readonly Bytes: number;
}

interface Tested extends Tally {
  readonly Complete: boolean;
  readonly SampledShare: number;
  readonly AccountEventCount: number;
  readonly GzipBytes: number;
  readonly BySource: readonly (Tally & { readonly EventSource: string })[];
}

interface CapturePreviewProps {
  readonly selectors: Selectors;
  readonly homeRegion: string;
  readonly isMultiRegion: boolean;
  readonly includeGlobal: boolean;
  readonly isOrganization: boolean;
}

/** While somebody types, nothing is asked. */
const PAUSE_MS = 500;
const SOURCES_SHOWN = 10;

/** What selectors and settings would have captured over the last day: TestEventSelectors. */
export function CapturePreview(props: CapturePreviewProps) {
  const { isOrganization } = props;
  const input = inputOf(props);
  const problem = selectorsProblem(props.selectors);
  const key = JSON.stringify(input);
  const tested = useCall(
    async (signal) => {
      if (problem !== undefined) return undefined;
      await pause(PAUSE_MS, signal);
      return native<Tested>('selectors/test', input, { signal });
    },
    [key, problem],
  );
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`What these selectors would have captured of the ${isOrganization ? 'organization' : 'account'}’s events, by the code that delivers.`}
          actions={<Button iconName="refresh" ariaLabel="Ask again" loading={tested.loading} onClick={tested.reload} />}
        >
          Captured over the last 24 hours
        </Header>
      }
    >
      {problem !== undefined ? (
        <Box color="text-body-secondary">{problem}</Box>
      ) : tested.error ? (
        <ErrorState error={tested.error} title="These selectors are not taken" onRetry={tested.reload} />
      ) : tested.data ? (
        <Figures tested={tested.data} />
      ) : (
        <Loading text="Reading the last day" />
      )}
    </Container>
  );
}

const inputOf = ({ selectors, homeRegion, isMultiRegion, includeGlobal, isOrganization }: CapturePreviewProps) => ({
  ...selectorsInput(selectors),
  HomeRegion: homeRegion,
  IsMultiRegionTrail: isMultiRegion,
  IncludeGlobalServiceEvents: isMultiRegion || includeGlobal,
  ...(isOrganization && { IsOrganizationTrail: true }),
});

function Figures({ tested }: { readonly tested: Tested }) {
  const { Complete, SampledShare, AccountEventCount, EventCount, Bytes, GzipBytes, BySource } = tested;
  const about = Complete ? '' : 'about ';
  return (
    <div aria-live="polite">
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Events captured', value: `${about}${countText(EventCount)} of ${countText(AccountEventCount)}` },
            { label: 'Size of the records', value: `${about}${bytesText(Bytes)}` },
            { label: 'In log files, compressed', value: `about ${bytesText(GzipBytes)}` },
          ]}
        />
        {!Complete && (
          <Box color="text-body-secondary">
            There are many events: {(100 * SampledShare).toFixed(1)} % of them, from all over the day, were read, and
            the figures are reckoned up.
          </Box>
        )}
        {BySource.length > 0 && (
          <Table
            variant="embedded"
            items={BySource.slice(0, SOURCES_SHOWN)}
            trackBy="EventSource"
            ariaLabels={{ tableLabel: 'Events captured by source' }}
            columnDefinitions={[
              { id: 'source', header: 'Event source', isRowHeader: true, cell: (of) => of.EventSource },
              { id: 'events', header: 'Events', cell: (of) => countText(of.EventCount) },
              { id: 'bytes', header: 'Size', cell: (of) => bytesText(of.Bytes) },
            ]}
          />
        )}
        {BySource.length > SOURCES_SHOWN && (
          <Box color="text-body-secondary">and {BySource.length - SOURCES_SHOWN} more sources</Box>
        )}
      </SpaceBetween>
    </div>
  );
}
