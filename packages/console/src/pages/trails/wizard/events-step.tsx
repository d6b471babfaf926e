import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { CapturePreview } from '../capture-preview.tsx';
import type { Selectors } from '../logic/selectors.ts';
import { AdvancedEditor } from './advanced-editor.tsx';
import { BasicEditor } from './basic-editor.tsx';
import { SelectorsJson } from './selectors-json.tsx';
import type { StepProps } from './step.ts';

type View = Selectors['kind'] | 'json';

/** What is logged, by basic or advanced selectors or as JSON, and what that would have captured lately. */
export function EventsStep({ form, change, problems, place }: StepProps) {
  const { selectors } = form;
  const [view, setView] = useState<View>(selectors.kind);
  const set = (next: Partial<Selectors>) => change({ selectors: { ...selectors, ...next } });
  const choose = (to: View) => {
    setView(to);
    if (to !== 'json') set({ kind: to });
  };
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description="Basic selectors are soon made; advanced ones tell events apart by name, resource, user and more."
            actions={
              <SegmentedControl
                label="Kind of selectors"
                selectedId={view}
                onChange={({ detail }) => choose(detail.selectedId as View)}
                options={[
                  { id: 'basic', text: 'Basic' },
                  { id: 'advanced', text: 'Advanced' },
                  { id: 'json', text: 'JSON' },
                ]}
              />
            }
          >
            What is logged
          </Header>
        }
      >
        <SpaceBetween size="m">
          {problems.selectors !== undefined && <Alert type="error">{problems.selectors}</Alert>}
          {view === 'basic' && <BasicEditor selectors={selectors.basic} onChange={(basic) => set({ basic })} />}
          {view === 'advanced' && (
            <AdvancedEditor selectors={selectors.advanced} onChange={(advanced) => set({ advanced })} />
          )}
          {view === 'json' && <SelectorsJson selectors={selectors} onChange={set} />}
        </SpaceBetween>
      </Container>
      <CapturePreview
        selectors={selectors}
        homeRegion={place.region}
        isMultiRegion={form.isMultiRegion}
        includeGlobal={form.includeGlobal}
        isOrganization={form.isOrganization}
      />
    </SpaceBetween>
  );
}
