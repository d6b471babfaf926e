import type { Handler, Service } from '../../wire/service.ts';
import { createAliasHandlers } from './aliases.ts';
import { createDataHandlers } from './data.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError, unsupported } from './errors.ts';
import { createGrantHandlers } from './grant-operations.ts';
import { createKeyStore } from './key-store.ts';
import { createKeyHandlers } from './keys.ts';
import { createLifecycleHandlers } from './lifecycle.ts';
import { kmsPermissions } from './permissions.ts';
import { createTagHandlers } from './tags.ts';
import { validateInput } from './validate.ts';

/**
 * KMS: symmetric keys, their policies, aliases, grants, rotation and deletion, and what they encrypt. Follows AWS's API of
 * 2014-11-01 as it was in 2026-04. Left out, and answered with UnsupportedOperationException: asymmetric and HMAC keys,
 * imported material, multi-Region keys, custom key stores, Nitro enclaves (Recipient), DryRunModifiers.
 */
export function kmsService(deps: KmsDeps): Service {
  const keys = createKeyStore(deps);
  const operations: Record<string, Handler> = {
    ...createKeyHandlers(deps, keys),
    ...createAliasHandlers(deps, keys),
    ...createTagHandlers(keys),
    ...createLifecycleHandlers(deps, keys),
    ...createDataHandlers(deps, keys),
    ...createGrantHandlers(deps, keys),
  };
  return {
    schema: deps.schema,
    operations,
    async authorize(context, input) {
      if (!Object.hasOwn(operations, context.operation)) return;
      validateInput(context.operation, input);
      refuseUnsupported(input);
      for (const token of (input.GrantTokens ?? []) as readonly string[]) {
        if (!deps.vault.openToken(token)) {
          throw kmsError('InvalidGrantTokenException', 'A grant token is none that this KMS has given out.');
        }
      }
    },
    permissions: kmsPermissions(deps.state, keys),
    notImplemented: (operation) => unsupported(operation),
  };
}

/** Members that would change what an operation does: ignoring them would be a lie. */
function refuseUnsupported(input: Readonly<Record<string, unknown>>): void {
  if (input.Recipient !== undefined) throw unsupported('Nitro enclaves (Recipient)');
  if (input.DryRunModifiers !== undefined) throw unsupported('DryRunModifiers');
}
