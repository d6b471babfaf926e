import type { ServiceSchema, StructureShape } from '../schema/types.ts';
import type { Detected } from './detected.ts';
import type { HttpRequest } from './request.ts';
import { bestRoute, decodePath, type Route, routesOf } from './routes.ts';

/**
 * S3's own routing: the bucket is in the path or in the host name, the key is all the rest, and sub-resources in the
 * query (`?acl`) choose the operation.
 * @throws AwsError InvalidURI
 */
export function detectS3(http: HttpRequest, schema: ServiceSchema, hostSuffixes: readonly string[]): Detected {
  const { bucket, key } = address(http, hostSuffixes);
  const labels = { ...(bucket !== undefined && { Bucket: bucket }), ...(key !== '' && { Key: key }) };
  const level = bucket === undefined ? 'service' : key === '' ? 'bucket' : 'key';
  const { byLevel, subResources } = tablesOf(schema);
  const found = bestRoute(
    byLevel[level].filter((r) => r.method === http.method),
    http,
  );
  // A sub-resource that the operation does not know was meant for another one: `DELETE /b?acl` must not delete b.
  const stray = http.query.some(([name]) => subResources.has(name) && !found?.takes.has(name));
  const outcome = found && !stray ? { operation: found.operation } : { unknownOperation: `${http.method} ${level}` };
  return { schema, protocol: 'restXml', labels, ...outcome };
}

type Level = 'service' | 'bucket' | 'key';
interface S3Tables {
  readonly byLevel: Readonly<Record<Level, readonly Route[]>>;
  readonly subResources: ReadonlySet<string>;
}

const tables = new WeakMap<ServiceSchema, S3Tables>();

function tablesOf(schema: ServiceSchema): S3Tables {
  const known = tables.get(schema);
  if (known) return known;
  const byLevel: Record<Level, Route[]> = { service: [], bucket: [], key: [] };
  for (const route of routesOf(schema)) {
    if (route.path === '/{Key+}') byLevel.key.push(route);
    else if (route.path === '/') byLevel[hasBucket(schema, route) ? 'bucket' : 'service'].push(route);
  }
  const subResources = new Set(routesOf(schema).flatMap((r) => r.literals.map(([name]) => name)));
  const made = { byLevel, subResources };
  tables.set(schema, made);
  return made;
}

function hasBucket(schema: ServiceSchema, route: Route): boolean {
  const input = schema.operations[route.operation]?.input;
  return input !== undefined && Object.hasOwn((schema.shapes[input] as StructureShape).members, 'Bucket');
}

function address(http: HttpRequest, hostSuffixes: readonly string[]): { bucket?: string; key: string } {
  const inHost = bucketInHost(http.host, hostSuffixes);
  const path = http.rawPath.slice(1);
  if (inHost !== undefined) return { bucket: inHost, key: decodePath(path) };
  if (path === '') return { key: '' };
  const slash = path.indexOf('/');
  if (slash < 0) return { bucket: decodePath(path), key: '' };
  return { bucket: decodePath(path.slice(0, slash)), key: decodePath(path.slice(slash + 1)) };
}

/** AWS's own names work without being configured, for clients that are pointed here by DNS or a proxy. */
const AWS_SUFFIXES = ['amazonaws.com', 'amazonaws.com.cn'];

/** What AWS's host names have between bucket and domain: `s3`, `s3.eu-west-1`, `s3-eu-west-1`, `s3.dualstack.…`. */
const SERVICE_PART =
  /(?:^|\.)s3(?:-[a-z]{2}(?:-[a-z]+)+-\d|-accelerate)?(?:\.dualstack)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?$/;

/** The bucket before the longest suffix that the host ends with; undefined means that it is in the path. */
function bucketInHost(host: string, hostSuffixes: readonly string[]): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const suffix = [...hostSuffixes, ...AWS_SUFFIXES]
    .filter((s) => name.endsWith(`.${s.toLowerCase()}`))
    .sort((a, b) => b.length - a.length)[0];
  if (suffix === undefined || hostSuffixes.some((s) => s.toLowerCase() === name)) return undefined;
  const bucket = name.slice(0, -suffix.length - 1).replace(SERVICE_PART, '');
  return bucket === '' ? undefined : bucket;
}
