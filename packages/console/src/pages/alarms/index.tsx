import './alarms.css';
import { text, useUrlState } from '../../app/url-state.ts';
import { Page } from '../../ui/page.tsx';
import { UrlTabs } from '../../ui/url-tabs.tsx';
import { AlarmsTab } from './alarms-tab.tsx';
import { EventRulesTab } from './event-rules-tab.tsx';
import { MetricFiltersTab } from './metric-filters-tab.tsx';
import { SigmaTab } from './sigma-tab.tsx';

const STATE = { alarm: text() } as const;

/** What watches the log: alarms and the metric filters behind them, EventBridge rules, Sigma rules. */
export default function AlarmsPage() {
  const [{ alarm }, change] = useUrlState(STATE);
  return (
    <Page title="Alarms" description="What watches the log, and what it has found.">
      <UrlTabs
        ariaLabel="What watches the log"
        tabs={[
          {
            id: 'alarms',
            label: 'Alarms',
            content: <AlarmsTab selected={alarm} onSelect={(name) => change({ alarm: name })} />,
          },
          { id: 'filters', label: 'Metric filters', content: <MetricFiltersTab /> },
          { id: 'rules', label: 'EventBridge rules', content: <EventRulesTab /> },
          { id: 'sigma', label: 'Sigma rules', content: <SigmaTab /> },
        ]}
      />
    </Page>
  );
}
