import type { Call } from '../call.ts';
import { answerOf } from '../parameters.ts';
import { resourcesFromInput } from './resources.ts';

/**
 * responseElements of a KMS call that changed something. Since December 2022 they name the key by its ARN, though many of
 * these operations return nothing (AWS's guide to KMS and CloudTrail, at CreateAlias, CreateGrant, EnableKey …; records of
 * CreateAlias). Where nothing but an alias is known, the key behind it is not.
 */
export function kmsResponseElements(call: Call): Record<string, unknown> | null {
  const shown = answerOf(call.schema, call.operation, call.output);
  if (shown !== null && NAMES_KEY.some((name) => Object.hasOwn(shown, name))) return shown;
  const key = resourcesFromInput(call).find(({ ARN = '' }) => ARN.includes(':key/'));
  return key === undefined ? shown : { keyId: key.ARN, ...shown };
}

/** What answers that name a key themselves call it. */
const NAMES_KEY = ['keyId', 'keyMetadata', 'replicaKeyMetadata'];
