import type { RunningOpenTrail } from '../support/opentrail.ts';
import type { Outputs } from '../support/terraform.ts';

export interface World {
  readonly server: RunningOpenTrail;
  /** An HTTP endpoint that takes whatever comes. */
  readonly hook: string;
}

/**
 * Resources of AWS's provider that belong together: a Terraform module of its own, so that errors name it. All parts are
 * applied, changed and destroyed together, because each command of Terraform takes seconds.
 */
export interface Part {
  readonly name: string;
  configuration(changed: boolean, world: World): string;
  /** What must hold after each step, beside Terraform's own opinion. */
  applied?(world: World, outputs: Outputs): Promise<void>;
  changed?(world: World, outputs: Outputs): Promise<void>;
  destroyed?(world: World, outputs: Outputs): Promise<void>;
}
