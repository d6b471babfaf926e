import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Icon, { type IconProps } from '@cloudscape-design/components/icon';
import Link from '@cloudscape-design/components/link';
import Steps, { type StepsProps } from '@cloudscape-design/components/steps';
import { eventHref } from '../../app/links.ts';
import { byActor, bySession, is, isIf } from '../../parts/events/filters.ts';
import { type Actor, type ActorKind, actorOf } from '../../parts/events/identity.ts';
import { type AuditRecord, accountOf, nameOfArn, textOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { accountText } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { type ChainLink, chainText } from './logic/chain.ts';
import { SearchLink } from './search-link.tsx';
import { useChain } from './use-chain.ts';

/** Who it was: from the person, service or provider where it began, through roles and sessions, to who called. */
export function Who({ event }: { readonly event: ShownEvent }) {
  const chain = useChain(event);
  return (
    <Container
      header={
        <Header variant="h2" description={visible(chainText(chain.data ?? []), CHAIN_CHARS_MAX) || undefined}>
          Who
        </Header>
      }
    >
      <Loaded call={chain} failed="Who is behind this could not be searched">
        {(links) => (
          <Steps
            steps={stepsOf(links)}
            ariaLabel="Who is behind this event, from the beginning"
            renderStep={withIcon}
          />
        )}
      </Loaded>
    </Container>
  );
}

const CHAIN_CHARS_MAX = 300;

interface ActorStep extends StepsProps.Step {
  readonly icon: IconProps.Name;
}

const withIcon = (step: StepsProps.Step) => ({
  header: step.header,
  details: step.details,
  icon: (
    <span className="ot-event-step">
      <Icon name={(step as ActorStep).icon} variant={step.status === 'warning' ? 'warning' : 'subtle'} />
    </span>
  ),
});

const ICONS: Readonly<Record<ActorKind, IconProps.Name>> = {
  root: 'security',
  user: 'user-profile',
  'role-session': 'group',
  federated: 'user-profile',
  web: 'globe',
  saml: 'user-profile',
  account: 'multiscreen',
  service: 'settings',
  center: 'user-profile',
  unknown: 'status-pending',
};

function stepsOf(links: readonly ChainLink[]): StepsProps.Step[] {
  const steps: ActorStep[] = [];
  for (const link of [...links].reverse()) {
    if (link.missing !== undefined) {
      steps.push({
        status: 'warning',
        icon: 'status-warning',
        header: 'The beginning is not known',
        details: <Box padding={{ bottom: 's' }}>{link.missing}</Box>,
      });
    }
    steps.push({
      status: 'info',
      icon: ICONS[link.actor.kind],
      header: <ActorTitle actor={link.actor} />,
      details: <ActorDetails link={link} />,
    });
  }
  return steps;
}

function ActorTitle({ actor }: { readonly actor: Actor }) {
  const role = nameOfArn(actor.issuerArn);
  const isRole = actor.kind === 'role-session' && role !== '';
  return (
    <>
      <Box variant="strong" display="inline">
        {isRole ? (
          <>
            Role <SearchLink filter={is('issuerArn', actor.issuerArn)}>{role}</SearchLink>, session{' '}
            <SearchLink filter={byActor(actor)}>{nameOfArn(actor.arn) || actor.principalId}</SearchLink>
          </>
        ) : (
          <SearchLink filter={byActor(actor)}>{actor.name}</SearchLink>
        )}
      </Box>{' '}
      <Badge>{actor.label}</Badge>
    </>
  );
}

function ActorDetails({ link: { actor, via, record } }: { readonly link: ChainLink }) {
  const { accountId, accessKeyId, since, mfa, sourceIdentity } = actor;
  return (
    <Box color="text-body-secondary" fontSize="body-s" padding={{ bottom: 's' }}>
      {accountId !== '' && (
        <div>
          Account <SearchLink filter={is('accountId', accountId)}>{accountText(accountId)}</SearchLink>
        </div>
      )}
      {accessKeyId !== '' && (
        <div>
          Access key <SearchLink filter={bySession(actor)}>{accessKeyId}</SearchLink>
        </div>
      )}
      {sourceIdentity !== '' && (
        <div>
          Source identity{' '}
          <SearchLink filter={isIf('userIdentity.sessionContext.sourceIdentity', sourceIdentity)}>
            {sourceIdentity}
          </SearchLink>
        </div>
      )}
      {since !== '' && (
        <div>
          Session since <Time value={since} />
          {mfa !== undefined && (mfa ? ', with MFA' : ', without MFA')}
        </div>
      )}
      {via && <Via via={via} record={record} />}
    </Box>
  );
}

/** What gave the credentials: the step between two that stand in the list. */
function Via({ via, record }: { readonly via: AuditRecord; readonly record: AuditRecord }) {
  const name = textOf(via.eventName);
  const isSignIn = textOf(via.eventSource).startsWith('signin.');
  const by = actorOf(via);
  const isOther = by.arn !== '' && by.arn !== actorOf(record).arn;
  return (
    <div>
      {isSignIn ? 'Signed in' : 'Credentials'} by{' '}
      <Link fontSize="inherit" href={eventHref(accountOf(via), textOf(via.eventID), textOf(via.eventTime))}>
        {visible(name)}
      </Link>
      {isOther && ` of ${visible(by.name)}`} at <Time value={textOf(via.eventTime)} />
    </div>
  );
}
