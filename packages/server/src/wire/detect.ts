import type { Protocol, ServiceSchema } from '../schema/types.ts';
import { formFields } from './codec/form.ts';
import { detectS3 } from './detect-s3.ts';
import type { Detected } from './detected.ts';

import type { HttpRequest } from './request.ts';
import { matchRoute, routesOf } from './routes.ts';

/**
 * Tells service, protocol and operation of a request. The name in the signature decides the service; what is not
 * signed is told by its looks, and is S3's when it looks like nobody else's.
 *
 * @param signingName service in the credential scope; undefined for an unsigned request
 * @param hostSuffixes host names under which `<bucket>.<suffix>` addresses a bucket
 * @returns undefined when no schema answers
 * @throws AwsError InvalidURI for a path that is not percent-encoded UTF-8
 */
export function detect(
  http: HttpRequest,
  signingName: string | undefined,
  schemas: readonly ServiceSchema[],
  hostSuffixes: readonly string[],
): Detected | undefined {
  const signed = signingName !== undefined;
  const candidates = signed ? schemas.filter((s) => s.signingName === signingName) : schemas;
  const found = byTarget(http, candidates) ?? byRpcPath(http, candidates) ?? byForm(http, candidates, signed);
  if (found) return found;
  const looksLikeRpc = 'x-amz-target' in http.headers || 'smithy-protocol' in http.headers;
  if (!looksLikeRpc) {
    const routed = byRoute(http, candidates);
    if (routed) return routed;
    const s3 = candidates.find((s) => s.id === 's3');
    if (s3) return detectS3(http, s3, hostSuffixes);
  }
  const schema = signed ? candidates[0] : undefined;
  if (!schema) return undefined;
  const unknownOperation = operationOfTarget(http.headers['x-amz-target']) ?? `${http.method} ${http.rawPath}`;
  return { schema, protocol: schema.protocols[0]!, labels: {}, unknownOperation };
}

/**
 * The operation that a form names in `Action`, whether or not the service has it; undefined for services without forms.
 * @throws AwsError MalformedInput for a body that is no form
 */
export function operationFromForm(
  schema: ServiceSchema,
  body: Buffer,
  query: readonly (readonly [string, string])[],
): string | undefined {
  if (!queryProtocol(schema)) return undefined;
  const named = (fields: readonly (readonly [string, string])[]) => fields.find(([name]) => name === 'Action')?.[1];
  return named(query) ?? named(formFields(body, queryProtocol(schema)!));
}

const JSON_PROTOCOLS: ReadonlySet<Protocol> = new Set<Protocol>(['awsJson1_0', 'awsJson1_1']);
const QUERY_PROTOCOLS: ReadonlySet<Protocol> = new Set<Protocol>(['awsQuery', 'ec2Query']);

function queryProtocol(schema: ServiceSchema): Protocol | undefined {
  return schema.protocols.find((p) => QUERY_PROTOCOLS.has(p));
}

/** `CloudTrail_20131101.X`, or with the Java namespace of old before it, which botocore still sends. */
function byTarget(http: HttpRequest, schemas: readonly ServiceSchema[]): Detected | undefined {
  const parts = http.headers['x-amz-target']?.split('.');
  if (!parts || parts.length < 2) return undefined;
  const schema = schemas.find((s) => s.targetPrefix === parts.at(-2));
  const spoken = schema?.protocols.filter((p) => JSON_PROTOCOLS.has(p));
  if (!schema || !spoken?.[0]) return undefined;
  const asked: Protocol = /json-1\.0/.test(http.headers['content-type'] ?? '') ? 'awsJson1_0' : 'awsJson1_1';
  return named(schema, spoken.includes(asked) ? asked : spoken[0], parts.at(-1)!);
}

function byRpcPath(http: HttpRequest, schemas: readonly ServiceSchema[]): Detected | undefined {
  if (http.headers['smithy-protocol'] !== 'rpc-v2-cbor') return undefined;
  const [, service, operation] = /\/service\/([^/]+)\/operation\/([^/]+)$/.exec(http.rawPath) ?? [];
  const schema = schemas.find((s) => s.targetPrefix === service && s.protocols.includes('rpcv2Cbor'));
  return schema && named(schema, 'rpcv2Cbor', operation!);
}

function byForm(http: HttpRequest, schemas: readonly ServiceSchema[], signed: boolean): Detected | undefined {
  const speakers = schemas.filter(queryProtocol);
  const action = http.query.find(([name]) => name === 'Action')?.[1];
  const isForm = http.method === 'POST' && /^application\/x-www-form-urlencoded/i.test(contentType(http));
  if (!(isForm || action !== undefined) || !(signed || http.rawPath === '/')) return undefined;
  const version = http.query.find(([name]) => name === 'Version')?.[1];
  const schema =
    speakers.find((s) => s.version === version) ??
    speakers.find((s) => http.host.startsWith(`${s.signingName}.`)) ??
    speakers[0];
  if (!schema) return undefined;
  const protocol = queryProtocol(schema)!;
  return action === undefined ? { schema, protocol, labels: {} } : named(schema, protocol, action);
}

function byRoute(http: HttpRequest, schemas: readonly ServiceSchema[]): Detected | undefined {
  for (const schema of schemas) {
    const protocol = schema.protocols.find((p) => p === 'restJson1' || p === 'restXml');
    if (!protocol || schema.id === 's3') continue;
    const match = matchRoute(routesOf(schema), http);
    if (match) return { schema, protocol, ...match };
  }
  return undefined;
}

function named(schema: ServiceSchema, protocol: Protocol, operation: string): Detected {
  const known = Object.hasOwn(schema.operations, operation);
  return { schema, protocol, labels: {}, ...(known ? { operation } : { unknownOperation: operation }) };
}

function operationOfTarget(target: string | undefined): string | undefined {
  return target?.split('.').at(-1);
}

function contentType(http: HttpRequest): string {
  return http.headers['content-type'] ?? '';
}
