import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { TagFields } from '../tag-fields.tsx';
import type { StepProps } from './step.ts';

/** Name, Regions, organization, and the tags of a new trail. */
export function GeneralStep(props: StepProps & { readonly organizationProblem: string | undefined }) {
  const { form, change, problems, place, isNew, organizationProblem } = props;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Trail</Header>}>
        <SpaceBetween size="l">
          <FormField
            label="Trail name"
            description={isNew ? '3 to 128 characters. It cannot be changed later.' : 'A trail keeps its name.'}
            errorText={problems.name}
          >
            <Input value={form.name} disabled={!isNew} onChange={({ detail }) => change({ name: detail.value })} />
          </FormField>
          <FormField label="Regions">
            <RadioGroup
              value={form.isMultiRegion ? 'all' : 'one'}
              onChange={({ detail }) => change({ isMultiRegion: detail.value === 'all' })}
              items={[
                { value: 'all', label: 'All Regions', description: 'Recommended: nothing happens unseen elsewhere.' },
                { value: 'one', label: `Only ${place.region}` },
              ]}
            />
          </FormField>
          {!form.isMultiRegion && (
            <Checkbox
              checked={form.includeGlobal}
              onChange={({ detail }) => change({ includeGlobal: detail.checked })}
              description="IAM, STS’s global endpoint and other services without a Region; their events belong to us-east-1."
            >
              Include events of global services
            </Checkbox>
          )}
          <FormField errorText={organizationProblem}>
            <Checkbox
              checked={form.isOrganization}
              onChange={({ detail }) => change({ isOrganization: detail.checked })}
              description="One trail for every account. For the management account of an organization."
            >
              Log the events of all accounts of my organization
            </Checkbox>
          </FormField>
        </SpaceBetween>
      </Container>
      {isNew && (
        <Container header={<Header variant="h2">Tags</Header>}>
          <TagFields tags={form.tags} onChange={(tags) => change({ tags })} />
        </Container>
      )}
    </SpaceBetween>
  );
}
