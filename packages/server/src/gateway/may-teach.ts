import { isIP } from 'node:net';
import type { ServiceSchema } from '../schema/types.ts';
import { formFields } from '../wire/codec/form.ts';
import type { Exchange } from './exchange.ts';

/** Services that say who is who are called at `/`, but for these. */
const PATHS: Readonly<Record<string, string>> = { sso: '/federation/credentials' };

/** Stores say these of what they hold; no service says them of its own word. */
const STORED: readonly string[] = ['etag', 'last-modified', 'accept-ranges', 'content-range', 'x-amz-id-2'];

/** Amazon's own names: nobody else gets one of them. */
const AMAZON = /^(amazonaws\.com(\.cn)?|api\.aws|amazonwebservices\.com\.cn)$/;

/**
 * Whether an answer can be taken for a service's own word about identities. A client chooses how its request reads, and
 * upstreams do not all read it as the gateway does: one that is signed for STS might be answered by an object of S3,
 * or a web site, whose content somebody wrote. So the request must be one that can only be read in one way, and the
 * answer must not look stored:
 *
 * - a success, whole, at the path where such services are called, without marks of a stored thing;
 * - to a host that is the service or the gateway itself: an IP address, a name without dots, one of `ownHosts`, or the
 *   service's prefix before one of those or before Amazon's domains;
 * - parameters in the query or in the body, not both, and none of them twice.
 */
export function mayTeach(exchange: Exchange, schema: ServiceSchema, ownHosts: readonly string[]): boolean {
  const { http, answer, failure, requestBody } = exchange;
  if (failure || !answer || answer.status < 200 || answer.status > 299) return false;
  if (!requestBody.whole || !answer.body.whole || STORED.some((name) => name in answer.headers)) return false;
  if (http.rawPath !== (PATHS[schema.id] ?? '/') || !isServiceHost(http.host, schema, ownHosts)) return false;
  const fields = http.query.filter(([name]) => !name.startsWith('X-Amz-'));
  if (requestBody.totalBytes === 0) return isUnrepeated(fields);
  return fields.length === 0 && (!schema.protocols.includes('awsQuery') || isUnrepeated(inForm(requestBody.bytes)));
}

function isServiceHost(host: string, schema: ServiceSchema, ownHosts: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  const isOwn = (text: string) =>
    isIP(text.replace(/^\[|\]$/g, '')) !== 0 || !text.includes('.') || ownHosts.includes(text);
  if (isOwn(name)) return true;
  const prefix = [schema.endpointPrefix, schema.signingName].find((p) => p !== undefined && name.startsWith(p));
  if (prefix === undefined) return false;
  // `sts.`, `sts-fips.us-east-1.`, and no more before the domain
  const domain = /^(?:-fips)?(?:\.[a-z]{2,}(?:-[a-z]+)+-\d+)?\.(.+)$/.exec(name.slice(prefix.length))?.[1] ?? '';
  return AMAZON.test(domain) || (domain !== '' && isOwn(domain));
}

const isUnrepeated = (fields: readonly (readonly [string, string])[]): boolean =>
  new Set(fields.map(([name]) => name)).size === fields.length;

function inForm(body: Buffer): [string, string][] {
  try {
    return formFields(body, 'awsQuery');
  } catch {
    return [
      ['', ''],
      ['', ''],
    ]; // whatever the upstream made of it
  }
}
