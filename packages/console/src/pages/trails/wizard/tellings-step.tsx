import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { listTopics } from '../../../parts/topics.ts';
import { listLogGroups, listRoles } from '../calls.ts';
import { type Choice, DEFAULT_ROLE, type TrailForm } from '../logic/form.ts';
import { asOptions, Pick } from './pick.tsx';
import { PolicyConsent } from './policy-consent.tsx';
import type { StepProps } from './step.ts';
import type { Policies } from './use-policies.ts';

/** Who is told of log files, and where events go besides. */
export function TellingsStep(props: StepProps & { readonly policies: Policies }) {
  return (
    <SpaceBetween size="l">
      <TopicFields {...props} />
      <LogsFields {...props} />
    </SpaceBetween>
  );
}

function TopicFields({ form, change, problems, place, policies }: StepProps & { readonly policies: Policies }) {
  const choose = (topicIs: TrailForm['topicIs']) => change({ topicIs, topic: topicIs === 'new' ? 'cloudtrail' : '' });
  return (
    <Container
      header={
        <Header variant="h2" description="An SNS topic is told of each log file as it is delivered.">
          Notifications
        </Header>
      }
    >
      <SpaceBetween size="l">
        <RadioGroup
          ariaLabel="SNS topic"
          value={form.topicIs}
          onChange={({ detail }) => choose(detail.value as TrailForm['topicIs'])}
          items={[
            { value: 'none', label: 'None' },
            { value: 'existing', label: 'Use an existing topic' },
            { value: 'new', label: 'Create a new topic' },
          ]}
        />
        {form.topicIs !== 'none' && (
          <FormField label="SNS topic" errorText={problems.topic}>
            {form.topicIs === 'new' ? (
              <Input value={form.topic} onChange={({ detail }) => change({ topic: detail.value })} />
            ) : (
              <Pick
                what="topics"
                placeholder="Choose a topic"
                value={form.topic}
                of={place.region}
                onChange={(topic) => change({ topic })}
                load={async (signal) => asOptions(await listTopics(place.region, signal))}
              />
            )}
          </FormField>
        )}
        <PolicyConsent
          what="topic"
          policy={policies.topic}
          consent={form.applyPolicies}
          onConsent={(applyPolicies) => change({ applyPolicies })}
          isNew={form.topicIs === 'new'}
        />
      </SpaceBetween>
    </Container>
  );
}

function LogsFields(props: StepProps) {
  const { form, change, problems, place } = props;
  return (
    <Container
      header={
        <Header variant="h2" description="A log group gets each event: metric filters, alarms and queries look there.">
          CloudWatch Logs
        </Header>
      }
    >
      <SpaceBetween size="l">
        <RadioGroup
          ariaLabel="Log group"
          value={form.logsIs}
          onChange={({ detail }) => change({ logsIs: detail.value as TrailForm['logsIs'] })}
          items={[
            { value: 'none', label: 'None' },
            { value: 'existing', label: 'Use an existing log group' },
            { value: 'new', label: 'Create a new log group' },
          ]}
        />
        {form.logsIs !== 'none' && (
          <>
            <FormField label="Log group" errorText={problems.logGroup}>
              {form.logsIs === 'new' ? (
                <Input value={form.logGroup} onChange={({ detail }) => change({ logGroup: detail.value })} />
              ) : (
                <Pick
                  what="log groups"
                  placeholder="Choose a log group"
                  value={form.logGroup}
                  of={place.region}
                  onChange={(logGroup) => change({ logGroup })}
                  load={async (signal) => asOptions(await listLogGroups(place.region, signal))}
                />
              )}
            </FormField>
            <RoleFields {...props} />
          </>
        )}
      </SpaceBetween>
    </Container>
  );
}

function RoleFields({ form, change, problems }: StepProps) {
  return (
    <SpaceBetween size="m">
      <RadioGroup
        ariaLabel="Role"
        value={form.roleIs}
        onChange={({ detail }) =>
          change({ roleIs: detail.value as Choice, role: detail.value === 'new' ? DEFAULT_ROLE : '' })
        }
        items={[
          {
            value: 'new',
            label: 'Create a new role',
            description: 'CloudTrail may take it, and it may write to the log group, nothing else.',
          },
          { value: 'existing', label: 'Use an existing role' },
        ]}
      />
      <FormField label="Role" errorText={problems.role}>
        {form.roleIs === 'new' ? (
          <Input value={form.role} onChange={({ detail }) => change({ role: detail.value })} />
        ) : (
          <Pick
            what="roles"
            placeholder="Choose a role"
            value={form.role}
            onChange={(role) => change({ role })}
            load={async (signal) => asOptions(await listRoles(signal))}
          />
        )}
      </FormField>
    </SpaceBetween>
  );
}
