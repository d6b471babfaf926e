import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMemo } from 'react';
import { is, isIf } from '../../parts/events/filters.ts';
import { type AuditRecord, eventNameOf, eventSourceOf, textOf } from '../../parts/events/record.ts';
import { resourcesOf } from '../../parts/events/resources.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { CutText } from '../../ui/cut-text.tsx';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';
import { visible } from '../../ui/visible.ts';
import { SearchLink } from './search-link.tsx';

/** What the call was given and what it answered. */
export function What({ event: { record } }: { readonly event: ShownEvent }) {
  const content = useMemo(() => contentOf(record), [record]);
  return (
    <Container header={<Header variant="h2">What</Header>}>
      <SpaceBetween size="m">
        <KeyValuePairs columns={4} minColumnWidth={180} items={itemsOf(record)} />
        <Failure record={record} />
        {Object.keys(content).length === 0 ? (
          <Box color="text-body-secondary">The record has neither parameters nor a response.</Box>
        ) : (
          <JsonTree value={content} label="parameters and response" />
        )}
      </SpaceBetween>
    </Container>
  );
}

/** Members that say what was done; the others are shown elsewhere on the page. */
const MEMBERS = [
  'requestParameters',
  'responseElements',
  'additionalEventData',
  'serviceEventDetails',
  'insightDetails',
  'addendum',
  'eventContext',
] as const;

/** Null says that there was nothing, and so does not being there. */
const contentOf = (record: AuditRecord): AuditRecord =>
  Object.fromEntries(MEMBERS.flatMap((name) => (record[name] == null ? [] : [[name, record[name]]])));

function itemsOf(record: AuditRecord): KeyValuePairsProps.Item[] {
  const [name, source] = [eventNameOf(record), eventSourceOf(record)];
  const resources = resourcesOf(record);
  return [
    {
      label: 'Event name',
      value: <SearchLink filter={isIf('eventName', name)}>{name || '-'}</SearchLink>,
    },
    {
      label: 'Event source',
      value: <SearchLink filter={isIf('eventSource', source)}>{source || '-'}</SearchLink>,
    },
    { label: 'Access', value: accessOf(record) },
    ...(resources.length > 0 ? [{ label: 'Resources', value: <Resources resources={resources} /> }] : []),
  ];
}

const accessOf = ({ readOnly, eventCategory }: AuditRecord): string => {
  const access = readOnly === true || readOnly === 'true' ? 'Read' : readOnly === undefined ? '-' : 'Write';
  return eventCategory === 'Data' ? `${access}, data event` : access;
};

/** How the call was refused, in the service's own words. */
function Failure({ record }: { readonly record: AuditRecord }) {
  const [code, message] = [textOf(record.errorCode), textOf(record.errorMessage)];
  if (code === '' && message === '') return null;
  return (
    <StatusIndicator type="error" wrapText>
      <SearchLink filter={isIf('errorCode', code)}>{code || 'Failed'}</SearchLink>
      {message !== '' && (
        <>
          : <CutText text={message} />
        </>
      )}
    </StatusIndicator>
  );
}

/** A call may name hundreds. */
const SHOWN_MAX = 5;

function Resources({ resources }: { readonly resources: readonly (readonly [type: string, name: string])[] }) {
  return (
    <>
      {resources.slice(0, SHOWN_MAX).map(([type, name]) => (
        <div key={`${type} ${name}`} className="ot-event-wrap">
          <SearchLink filter={is('resourceName', name)}>{name}</SearchLink>
          {type !== '' && (
            <Box color="text-body-secondary" fontSize="body-s">
              {visible(type)}
            </Box>
          )}
        </div>
      ))}
      {resources.length > SHOWN_MAX && <Box color="text-body-secondary">and {resources.length - SHOWN_MAX} more</Box>}
    </>
  );
}
