import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs';
import { is } from '../../parts/events/filters.ts';
import { type AuditRecord, textAt, textOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { visible } from '../../ui/visible.ts';
import { agentOf } from './logic/user-agent.ts';
import { SearchLink } from './search-link.tsx';

/** Where it came from: address, program, connection. */
export function WhereFrom({ event: { record } }: { readonly event: ShownEvent }) {
  return (
    <Container header={<Header variant="h2">Where from</Header>}>
      <KeyValuePairs columns={1} items={itemsOf(record)} />
    </Container>
  );
}

function itemsOf(record: AuditRecord): KeyValuePairsProps.Item[] {
  const found: (KeyValuePairsProps.Item | undefined)[] = [
    searched('Source IP address', 'sourceIPAddress', textOf(record.sourceIPAddress)),
    agent(textOf(record.userAgent)),
    searched('AWS Region', 'awsRegion', textOf(record.awsRegion)),
    searched('Called by service', 'userIdentity.invokedBy', textAt(record, 'userIdentity.invokedBy')),
    searched('VPC endpoint', 'vpcEndpointId', textOf(record.vpcEndpointId)),
    plain('Connection', connectionOf(record)),
    plain('Host name', textAt(record, 'tlsDetails.clientProvidedHostHeader')),
  ];
  return found.filter((item) => item !== undefined);
}

function searched(label: string, field: string, value: string): KeyValuePairsProps.Item | undefined {
  return value === '' ? undefined : { label, value: <SearchLink filter={is(field, value)}>{value}</SearchLink> };
}

const plain = (label: string, value: string): KeyValuePairsProps.Item | undefined =>
  value === '' ? undefined : { label, value: visible(value) };

function agent(userAgent: string): KeyValuePairsProps.Item | undefined {
  const short = agentOf(userAgent);
  if (!short) return undefined;
  return {
    label: 'User agent',
    value: (
      <>
        <SearchLink filter={is('userAgent', userAgent)} label={`${short.name}: events with the same user agent`}>
          {short.name}
        </SearchLink>
        {short.name !== userAgent && (
          <Box color="text-body-secondary" fontSize="body-s">
            <span className="ot-event-wrap">{visible(userAgent, AGENT_CHARS_MAX)}</span>
          </Box>
        )}
      </>
    ),
  };
}

/** CloudTrail's own limit of the field. */
const AGENT_CHARS_MAX = 1024;

function connectionOf(record: AuditRecord): string {
  const [version, cipher, exchange] = ['tlsVersion', 'cipherSuite', 'keyExchange'].map((name) =>
    textAt(record, `tlsDetails.${name}`),
  );
  return [version?.replace(/^TLSv/, 'TLS '), cipher, exchange].filter((part) => part).join(', ');
}
