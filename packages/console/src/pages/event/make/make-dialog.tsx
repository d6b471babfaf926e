import Box from '@cloudscape-design/components/box';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import type { ShownEvent } from '../../../parts/events/search.ts';
import { AlarmTab } from './alarm-tab.tsx';
import { FieldChooser } from './field-chooser.tsx';
import { EventBridgeTab, SearchTab, SigmaTab } from './rule-tabs.tsx';
import { useConditions } from './use-conditions.ts';

/** What to begin with: a search for events like this one, or something that watches for them. */
export type MakeKind = 'search' | 'alarm';

interface MakeDialogProps {
  readonly event: ShownEvent;
  readonly kind: MakeKind;
  readonly onClose: () => void;
}

/** Chooses what of an event matters, and makes a search, an alarm or a rule of it. */
export default function MakeDialog({ event, kind, onClose }: MakeDialogProps) {
  const chosen = useConditions(event.record);
  const [tab, setTab] = useState<string>(kind);
  const of = { event, conditions: chosen.conditions };
  return (
    <Modal
      visible
      size="x-large"
      header={kind === 'search' ? 'Find events like this' : 'Make a filter or alarm'}
      onDismiss={onClose}
    >
      <SpaceBetween size="l">
        <Box>Choose the fields that matter. An event has to meet all of the conditions.</Box>
        <FieldChooser {...chosen} />
        <Tabs
          ariaLabel="What to make"
          activeTabId={tab}
          onChange={({ detail }) => setTab(detail.activeTabId)}
          tabs={[
            { id: 'search', label: 'Search', content: <SearchTab {...of} /> },
            { id: 'alarm', label: 'CloudWatch alarm', content: <AlarmTab {...of} /> },
            { id: 'events', label: 'EventBridge rule', content: <EventBridgeTab {...of} /> },
            { id: 'sigma', label: 'Sigma rule', content: <SigmaTab {...of} /> },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
