import { useRegion, useSession } from '../../api/session.ts';
import { Page } from '../../ui/page.tsx';
import { emptyForm } from './logic/form.ts';
import { TrailWizard } from './wizard/trail-wizard.tsx';

const BREADCRUMBS = [{ text: 'Trails', href: '/trails' }];

/** A new trail, with its home in the Region chosen in the top bar. */
export default function CreateTrailPage() {
  const { AccountId: accountId } = useSession();
  const place = { accountId, region: useRegion() };
  return (
    <Page title="Create trail" header={false} breadcrumbs={BREADCRUMBS} contentType="wizard">
      <TrailWizard key={place.region} initial={emptyForm(place)} place={place} />
    </Page>
  );
}
