import { trailHref } from '../../app/links.ts';
import type { PageParams } from '../../app/routes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import { getStatus } from '../../parts/trails/calls.ts';
import { regionIn } from '../../parts/trails/trail.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { getSelectors, getTrail } from './calls.ts';
import { formOf, placeOf, type TrailForm } from './logic/form.ts';
import { selectorsOf } from './logic/selectors.ts';
import { TrailWizard } from './wizard/trail-wizard.tsx';

const BACK = { text: 'Trails', href: '/trails' };
const MISSING = { title: 'No such trail', back: BACK };
/** The wizard's steps are its headings. */
const WIZARD = { header: false, contentType: 'wizard' } as const;

/** A trail that is there, to be changed. */
export default function EditTrailPage({ params: { arn = '' } }: PageParams) {
  const form = useCall<TrailForm>(
    async (signal) => {
      const trail = await getTrail(arn, regionIn(arn), signal);
      const [selectors, status] = await Promise.all([getSelectors(trail, signal), getStatus(trail, signal)]);
      return formOf(trail, selectorsOf(selectors), [], status.IsLogging);
    },
    [arn],
  );
  const name = arn.split('/').at(-1) ?? arn;
  const breadcrumbs = [BACK, { text: name, href: trailHref(arn) }];
  return (
    <Page title="Edit" {...(form.data && WIZARD)} breadcrumbs={breadcrumbs}>
      <Loaded call={form} failed="The trail could not be loaded" missing={MISSING}>
        {(loaded) => <TrailWizard initial={loaded} before={loaded} place={placeOf({ TrailARN: arn })} />}
      </Loaded>
    </Page>
  );
}
