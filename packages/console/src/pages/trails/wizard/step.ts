import type { FormPlace, FormProblems, TrailForm } from '../logic/form.ts';

/** What every step of the wizard is given. */
export interface StepProps {
  readonly form: TrailForm;
  readonly change: (patch: Partial<TrailForm>) => void;
  /** Shown once the step was to be left. */
  readonly problems: FormProblems;
  readonly place: FormPlace;
  readonly isNew: boolean;
}
