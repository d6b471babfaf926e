import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Random } from '../base/random.ts';
import type { AccessRequest } from './authorizer.ts';
import type { Caller } from './caller.ts';
import type { Ruling } from './decide.ts';
import { openBytes, purposeKey, sealBytes } from './sealed-secrets.ts';

/**
 * Why a call was denied, for whoever may ask STS's DecodeAuthorizationMessage in the caller's account, and for nobody
 * else: it names conditions that the caller need not know. EC2 puts such messages into its errors; here they travel in a
 * header of the answer, so that errors keep AWS's words.
 */
export interface DenialMessages {
  encode(caller: Caller, asked: AccessRequest, ruling: Ruling): string;
  /** JSON in AWS's form. undefined: none of ours, or another account's. Never throws. */
  decode(accountId: string, message: string): string | undefined;
}

export const DENIAL_MESSAGE_HEADER = 'x-opentrail-authorization-message';

/** Clients bound headers: conditions that make the message longer than this are left out. */
const MESSAGE_CHARS_MAX = 2048;
const JSON_BYTES_MAX = 64 * 1024;

/** @param sealingKey as `openSealingKey` gives it */
export function createDenialMessages(sealingKey: Buffer, random: Random): DenialMessages {
  const key = purposeKey(sealingKey, 'authorization messages');
  const seal = (accountId: string, said: object) =>
    sealBytes(key, accountId, deflateRawSync(JSON.stringify(said)), random).toString('base64url');
  return {
    encode(caller, asked, ruling) {
      const message = seal(caller.accountId, denialOf(caller, asked, ruling));
      if (message.length <= MESSAGE_CHARS_MAX) return message;
      const { context: _left, ...short } = asked;
      return seal(caller.accountId, denialOf(caller, short, ruling));
    },
    decode(accountId, message) {
      const packed = openBytes(key, accountId, Buffer.from(message, 'base64url'));
      return packed && inflateRawSync(packed, { maxOutputLength: JSON_BYTES_MAX }).toString();
    },
  };
}

/** The form that AWS's reference of DecodeAuthorizationMessage describes; `deniedBy` is ours. */
const denialOf = (caller: Caller, { action, resource, context = {} }: AccessRequest, ruling: Ruling) => ({
  allowed: false,
  explicitDeny: !ruling.allowed && ruling.kind === 'explicit-deny',
  ...(!ruling.allowed && { deniedBy: ruling.by }),
  matchedStatements: { items: [] },
  failures: { items: [] },
  context: {
    principal: { id: caller.identity.principalId ?? caller.accountId, arn: caller.arn },
    action,
    resource,
    conditions: {
      items: Object.entries(context).map(([name, values]) => ({
        key: name,
        values: { items: [values].flat().map((value) => ({ value })) },
      })),
    },
  },
});
