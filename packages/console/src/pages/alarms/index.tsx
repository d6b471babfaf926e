import './alarms.css';
import Tabs from '@cloudscape-design/components/tabs';
import { oneOf, text, useUrlState } from '../../app/url-state.ts';
import { Page } from '../../ui/page.tsx';
import { AlarmsTab } from './alarms-tab.tsx';
import { EventRulesTab } from './event-rules-tab.tsx';
import { MetricFiltersTab } from './metric-filters-tab.tsx';
import { SigmaTab } from './sigma-tab.tsx';

const TABS = ['alarms', 'filters', 'rules', 'sigma'] as const;
const STATE = { tab: oneOf(TABS, 'alarms'), alarm: text() } as const;

/** What watches the log: alarms and the metric filters behind them, EventBridge rules, Sigma rules. */
export default function AlarmsPage() {
  const [{ tab, alarm }, change] = useUrlState(STATE);
  return (
    <Page title="Alarms" description="What watches the log, and what it has found.">
      <Tabs
        ariaLabel="What watches the log"
        activeTabId={tab}
        onChange={({ detail }) => change({ tab: TABS.find((one) => one === detail.activeTabId)! })}
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
