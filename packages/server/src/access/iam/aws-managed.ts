import { createHash } from 'node:crypto';
import { BASE32 } from '../../base/random.ts';
import { AWS_MANAGED_STATEMENTS } from './aws-managed-statements.ts';
import type { ManagedPolicy } from './entities.ts';

/** A policy that AWS maintains: every account has it, none can change it. It has one version here, by AWS's number. */
export interface AwsManagedPolicy extends ManagedPolicy {
  readonly document: string;
}

interface Description {
  readonly statements: readonly object[];
  readonly path?: string;
  readonly version: number;
  readonly created: string;
  readonly updated: string;
  readonly description: string;
}

/** Its id is made of its name. */
function build(policyName: string, about: Description): AwsManagedPolicy {
  const path = about.path ?? '/';
  const createdMs = Date.parse(about.created);
  const updatedMs = Date.parse(about.updated);
  const id = `v${about.version}`;
  const document = JSON.stringify({ Version: '2012-10-17', Statement: about.statements });
  const digest = createHash('sha256').update(`policy ${policyName}`).digest();
  return {
    policyName,
    policyId: `ANPAI${[...digest.subarray(0, 16)].map((byte) => BASE32[byte % BASE32.length]).join('')}`,
    arn: `arn:aws:iam::aws:policy${path}${policyName}`,
    path,
    description: about.description,
    createdMs,
    updatedMs,
    defaultVersionId: id,
    lastVersion: about.version,
    versions: [{ id, document, createdMs: updatedMs }],
    tags: {},
    document,
  };
}

const policies: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  Object.entries(AWS_MANAGED_STATEMENTS)
    .map(([name, about]) => build(name, about))
    .map((policy) => [policy.arn, policy]),
);

export const awsManagedPolicy = (arn: string): AwsManagedPolicy | undefined => policies.get(arn);
export const awsManagedPolicies = (): readonly AwsManagedPolicy[] => [...policies.values()];

export const ADMINISTRATOR_ACCESS = 'arn:aws:iam::aws:policy/AdministratorAccess';
