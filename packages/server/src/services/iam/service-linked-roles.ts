import type * as iam from '@aws-sdk/client-iam';
import { keys, type Role } from '../../access/iam/entities.ts';
import { newId } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch } from './errors.ts';
import { findRole } from './find.ts';
import { wholeRole } from './output.ts';
import { roleArn, SERVICE_ROLE_PATH } from './roles.ts';

/** Services whose roles are not called after their principal, or have a policy that is here. */
interface ServiceRole {
  readonly name: string;
  readonly policy?: string;
}
const SERVICE_ROLES: Readonly<Record<string, ServiceRole>> = {
  'cloudtrail.amazonaws.com': {
    name: 'CloudTrail',
    policy: 'arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy',
  },
  'context.cloudtrail.amazonaws.com': { name: 'CloudTrailEventContext' },
  'autoscaling.amazonaws.com': { name: 'AutoScaling' },
  'config.amazonaws.com': { name: 'Config' },
  'ecs.amazonaws.com': { name: 'ECS' },
  'eks.amazonaws.com': { name: 'AmazonEKS' },
  'elasticloadbalancing.amazonaws.com': { name: 'ElasticLoadBalancing' },
  'guardduty.amazonaws.com': { name: 'AmazonGuardDuty' },
  'organizations.amazonaws.com': { name: 'Organizations' },
  'rds.amazonaws.com': { name: 'RDS' },
  'securityhub.amazonaws.com': { name: 'SecurityHub' },
  'sso.amazonaws.com': { name: 'SSO' },
  'support.amazonaws.com': { name: 'Support' },
  'trustedadvisor.amazonaws.com': { name: 'TrustedAdvisor' },
};
/** Services whose role can be had several times. */
const SUFFIXED: ReadonlySet<string> = new Set([
  'autoscaling.amazonaws.com',
  'lex.amazonaws.com',
  'custom-resource.application-autoscaling.amazonaws.com',
]);

const LONGEST_ROLE_NAME = 64;

/** Makes a name of a principal that the table does not have: `es.amazonaws.com` → `Es`. */
const nameOf = (service: string): string =>
  service
    .replace(/\.amazonaws\.com$/, '')
    .split(/[^a-z0-9]+/i)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** @param service principal: `cloudtrail.amazonaws.com` */
export const serviceRoleName = (service: string, suffix: string | undefined): string => {
  const name = Object.hasOwn(SERVICE_ROLES, service) ? SERVICE_ROLES[service]!.name : nameOf(service);
  return `AWSServiceRoleFor${name}${suffix === undefined ? '' : `_${suffix}`}`;
};

export function createServiceLinkedRoleHandlers({
  store: { data },
  clock,
  random,
  roleUses = async () => [],
}: IamDeps): Record<string, Handler> {
  return {
    async CreateServiceLinkedRole(
      { caller: { accountId } },
      input: iam.CreateServiceLinkedRoleRequest,
    ): Promise<iam.CreateServiceLinkedRoleResponse> {
      const service = input.AWSServiceName!;
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(service)) {
        throw iamError('InvalidInput', `Service principal ${service} is not valid.`);
      }
      if (input.CustomSuffix !== undefined && !SUFFIXED.has(service)) {
        throw iamError('InvalidInput', `Custom suffix is not allowed for ${service}`);
      }
      const roleName = serviceRoleName(service, input.CustomSuffix);
      const policy = Object.hasOwn(SERVICE_ROLES, service) ? SERVICE_ROLES[service]!.policy : undefined;
      if (roleName.length > LONGEST_ROLE_NAME) {
        throw iamError('InvalidInput', `Service role name ${roleName} is longer than ${LONGEST_ROLE_NAME} characters.`);
      }
      const path = `${SERVICE_ROLE_PATH}${service}/`;
      const trust = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      };
      const role: Role = {
        roleName,
        roleId: newId(random, 'role'),
        arn: roleArn(accountId, path, roleName),
        path,
        createdMs: clock.now(),
        trust: JSON.stringify(trust),
        maxSessionSeconds: 3600,
        ...(input.Description !== undefined && { description: input.Description }),
        inline: {},
        attached: policy === undefined ? [] : [policy],
        tags: {},
        linkedTo: service,
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.role(accountId, roleName))) {
          throw iamError(
            'InvalidInput',
            `Service role name ${roleName} has been taken in this account, please try a different suffix.`,
          );
        }
        change.put(keys.role(accountId, roleName), role);
      });
      const { RoleLastUsed: _never, ...Role } = wholeRole(role);
      return { Role };
    },

    /** Done by the time of the answer, unless something uses the role: then the task has failed, as its status tells. */
    async DeleteServiceLinkedRole(
      { caller: { accountId } },
      input: iam.DeleteServiceLinkedRoleRequest,
    ): Promise<iam.DeleteServiceLinkedRoleResponse> {
      const uses = await roleUses({ accountId, roleName: input.RoleName! });
      return data.change(accountId, async (change) => {
        const role = await findRole(change, accountId, input.RoleName!);
        if (role.linkedTo === undefined) throw noSuch(`The role with name ${input.RoleName} cannot be found.`);
        const DeletionTaskId = `task${role.path}${role.roleName}/${role.roleId}`;
        if (uses.length > 0) return { DeletionTaskId };
        change.remove(keys.role(accountId, role.roleName));
        change.remove(keys.roleUse(accountId, role.roleName));
        return { DeletionTaskId };
      });
    },

    /** A task's id says which role it was: it was deleted, unless it never was there. */
    async GetServiceLinkedRoleDeletionStatus(
      { caller: { accountId } },
      input: iam.GetServiceLinkedRoleDeletionStatusRequest,
    ): Promise<iam.GetServiceLinkedRoleDeletionStatusResponse> {
      const match = /^task\/aws-service-role\/[a-z0-9.-]+\/([\w+=,.@-]+)\/(AROA[A-Z2-7]{17})$/.exec(
        input.DeletionTaskId!,
      );
      const role = match && (await data.get(keys.role(accountId, match[1]!)));
      const isThere = role?.roleId === match?.[2];
      const uses = role && isThere ? await roleUses({ accountId, roleName: role.roleName }) : [];
      if (uses.length > 0) {
        const RoleUsageList = uses.map(({ region, resources }) => ({ Region: region, Resources: [...resources] }));
        return { Status: 'FAILED', Reason: { Reason: 'The role is in use by these resources.', RoleUsageList } };
      }
      if (!match || isThere) {
        throw noSuch(`The deletion task with ID ${input.DeletionTaskId} cannot be found.`);
      }
      return { Status: 'SUCCEEDED' };
    },
  };
}
