import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { listBuckets, listKeys } from '../calls.ts';
import type { Choice } from '../logic/form.ts';
import { asOptions, Pick } from './pick.tsx';
import { PolicyConsent } from './policy-consent.tsx';
import type { StepProps } from './step.ts';
import type { Policies } from './use-policies.ts';

/** Where log files go, and what protects them. */
export function StorageStep(props: StepProps & { readonly policies: Policies }) {
  const { form, change, place, policies } = props;
  const onConsent = (applyPolicies: boolean) => change({ applyPolicies });
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Bucket</Header>}>
        <SpaceBetween size="l">
          <BucketFields {...props} />
          <PolicyConsent
            what="bucket"
            policy={policies.bucket}
            consent={form.applyPolicies}
            onConsent={onConsent}
            isNew={form.bucketIs === 'new'}
          />
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">Protection</Header>}>
        <SpaceBetween size="l">
          <Checkbox
            checked={form.validation}
            onChange={({ detail }) => change({ validation: detail.checked })}
            description="Signed digests, once an hour, by which it can be proved that no log file was changed or removed."
          >
            Log file validation
          </Checkbox>
          <FormField
            label="KMS key (optional)"
            description={`A key of ${place.region}, by its ARN, id or alias. Without one the bucket’s own encryption holds.`}
          >
            <Pick
              what="keys"
              placeholder="No KMS key"
              value={form.key}
              of={place.region}
              onChange={(key) => change({ key })}
              load={async (signal) =>
                (await listKeys(place.region, signal)).map(({ arn, id, alias }) => ({
                  value: arn,
                  label: alias ?? id,
                  description: arn,
                }))
              }
            />
          </FormField>
          <PolicyConsent what="key" policy={policies.key} consent={form.applyPolicies} onConsent={onConsent} />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}

function BucketFields({ form, change, problems }: StepProps) {
  return (
    <SpaceBetween size="m">
      <RadioGroup
        ariaLabel="Bucket"
        value={form.bucketIs}
        onChange={({ detail }) => change({ bucketIs: detail.value as Choice })}
        items={[
          { value: 'new', label: 'Create a new bucket' },
          { value: 'existing', label: 'Use an existing bucket' },
        ]}
      />
      <FormField label="Bucket name" errorText={problems.bucket}>
        {form.bucketIs === 'new' ? (
          <Input value={form.bucket} onChange={({ detail }) => change({ bucket: detail.value })} />
        ) : (
          <Pick
            what="buckets"
            placeholder="Choose a bucket"
            value={form.bucket}
            onChange={(bucket) => change({ bucket })}
            load={async (signal) => asOptions(await listBuckets(signal))}
            invalid={problems.bucket !== undefined}
          />
        )}
      </FormField>
      <FormField
        label="Prefix (optional)"
        description={`Files go to ${form.bucket || 'the bucket'}/${form.prefix === '' ? '' : `${form.prefix}/`}AWSLogs/…`}
        errorText={problems.prefix}
      >
        <Input value={form.prefix} onChange={({ detail }) => change({ prefix: detail.value })} />
      </FormField>
    </SpaceBetween>
  );
}
