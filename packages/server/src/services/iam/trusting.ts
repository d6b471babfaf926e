import { keys } from '../../access/iam/entities.ts';
import type { IamData } from '../../access/iam/iam-data.ts';

/**
 * Has the trust policies of all accounts here name a principal otherwise: by its unique id, which says the same, before its
 * name gets free, so that none who gets the name later is trusted in its place; by its ARN again when it has a new one
 * (IAM user guide, "IAM JSON policy elements: Principal").
 */
export async function retargetTrust(data: IamData, from: string, to: string): Promise<void> {
  for (const key of await data.names(keys.accounts)) {
    const accountId = key.slice(keys.accounts.length);
    const trusting = (await data.list(keys.roles(accountId))).filter(({ trust }) => retargeted(trust, from, to));
    if (trusting.length === 0) continue;
    await data.change(accountId, async (change) => {
      for (const { roleName } of trusting) {
        const role = await change.get(keys.role(accountId, roleName));
        const trust = role && retargeted(role.trust, from, to);
        if (role && trust) change.put(keys.role(accountId, roleName), { ...role, trust });
      }
    });
  }
}

/** The document with the principal named otherwise; undefined when it does not name it. */
function retargeted(document: string, from: string, to: string): string | undefined {
  let found = false;
  const swap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(swap);
    if (value !== from) return value;
    found = true;
    return to;
  };
  const json: unknown = JSON.parse(document, (key, value) => (key === 'AWS' ? swap(value) : value));
  return found ? JSON.stringify(json) : undefined;
}
