import Wizard from '@cloudscape-design/components/wizard';
import { useRef, useState } from 'react';
import { flash } from '../../../app/flashes.tsx';
import { trailHref } from '../../../app/links.ts';
import { navigate } from '../../../app/router.ts';
import { useCall } from '../../../hooks/use-call.ts';
import { managedOrganization } from '../calls.ts';
import { arnOf, type FormPlace, type FormProblems, problemsOfStep, STEPS, type TrailForm } from '../logic/form.ts';
import { type PlannedCall, planOf } from '../logic/plan.ts';
import { type PlanFailure, runPlan } from '../run-plan.ts';
import { EventsStep } from './events-step.tsx';
import { GeneralStep } from './general-step.tsx';
import { ReviewStep } from './review-step.tsx';
import { StorageStep } from './storage-step.tsx';
import { TellingsStep } from './tellings-step.tsx';
import { mergedOf, usePolicies } from './use-policies.ts';
import '../trails.css';

interface TrailWizardProps {
  readonly initial: TrailForm;
  readonly place: FormPlace;
  /** The trail as it is; absent when it is a new one. */
  readonly before?: TrailForm;
}

/** A plan under way: as it was when it was begun. */
interface Run {
  readonly plan: readonly PlannedCall[];
  readonly done: number;
  readonly failure?: PlanFailure;
}

/** Makes or changes a trail, in steps; nothing is done before the last one. */
export function TrailWizard({ initial, place, before }: TrailWizardProps) {
  const [form, setForm] = useState(initial);
  const [step, setStep] = useState(0);
  const [problems, setProblems] = useState<FormProblems>({});
  const [run, setRun] = useState<Run>();
  const made = useRef(new Set<string>());
  const organization = useCall(
    async (signal) => (form.isOrganization ? { id: await managedOrganization(place.accountId, signal) } : undefined),
    [form.isOrganization, place.accountId],
  );
  const policies = usePolicies(form, place, organization.data?.id);
  const organizationProblem =
    form.isOrganization && organization.data && organization.data.id === undefined ? NO_ORGANIZATION : undefined;
  const isNew = before === undefined;
  const planNow = planOf(
    form,
    place,
    { bucket: mergedOf(policies.bucket), key: mergedOf(policies.key), topic: mergedOf(policies.topic) },
    before,
  );
  // What the policies lack is part of the plan.
  const isReading = Object.values(policies).some(({ state }) => state === 'loading');
  const isRunning = run !== undefined && !run.failure && run.done < run.plan.length;
  const change = (patch: Partial<TrailForm>) => {
    setForm((now) => ({ ...now, ...patch }));
    setProblems((now) => Object.fromEntries(Object.entries(now).filter(([name]) => !(name in patch))));
    setRun(undefined);
  };
  const goTo = (to: number) => {
    const wrong = STEPS.slice(0, to).findIndex((name) => Object.keys(problemsOfStep(name, form)).length > 0);
    const allowed = wrong < 0 ? to : Math.min(to, wrong);
    const shown = STEPS[Math.min(wrong < 0 ? to : wrong, STEPS.length - 1)]!;
    setProblems(wrong >= 0 && wrong < to ? problemsOfStep(shown, form) : {});
    setStep(allowed);
  };
  const save = async () => {
    if (isRunning) return;
    const plan = planNow;
    setRun({ plan, done: 0 });
    const failure = await runPlan(plan, place, made.current, (done) => setRun({ plan, done }));
    if (failure) return setRun((now) => ({ plan, done: now?.done ?? 0, failure }));
    flash({
      type: 'success',
      content: isNew ? `The trail ${form.name.trim()} was created.` : `${form.name} was saved.`,
    });
    navigate(trailHref(arnOf(form, place)));
  };
  const props = { form, change, problems, place, isNew };
  return (
    <Wizard
      i18nStrings={TEXTS}
      submitButtonText={isNew ? 'Create trail' : 'Save changes'}
      activeStepIndex={step}
      isLoadingNextStep={isRunning || (step === STEPS.length && isReading)}
      onNavigate={({ detail }) => goTo(detail.requestedStepIndex)}
      onCancel={() => navigate(isNew ? '/trails' : trailHref(arnOf(form, place)))}
      onSubmit={save}
      steps={[
        {
          title: isNew ? 'Name and scope' : 'Scope',
          content: <GeneralStep {...props} organizationProblem={organizationProblem} />,
        },
        { title: 'Storage', content: <StorageStep {...props} policies={policies} /> },
        { title: 'Notifications and logs', content: <TellingsStep {...props} policies={policies} /> },
        { title: 'Events', content: <EventsStep {...props} /> },
        {
          title: isNew ? 'Review and create' : 'Review and save',
          content: <ReviewStep {...props} plan={run?.plan ?? planNow} done={run?.done} failure={run?.failure} />,
        },
      ]}
    />
  );
}

const NO_ORGANIZATION = 'This account is not the management account of an organization, or you may not see it.';

const TEXTS = {
  stepNumberLabel: (step: number) => `Step ${step}`,
  collapsedStepsLabel: (step: number, count: number) => `Step ${step} of ${count}`,
  navigationAriaLabel: 'Steps',
  cancelButton: 'Cancel',
  previousButton: 'Previous',
  nextButton: 'Next',
  optional: 'optional',
  submitButtonLoadingAnnouncement: 'Saving',
};
