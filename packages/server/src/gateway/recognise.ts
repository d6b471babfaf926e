import { AwsError } from '../base/errors.ts';
import type { Catalogue } from '../schema/catalogue.ts';
import type { Protocol } from '../schema/types.ts';
import { detectS3 } from '../wire/detect-s3.ts';
import type { Detected } from '../wire/detected.ts';
import type { HttpRequest } from '../wire/request.ts';
import { matchRoute, routesOf } from '../wire/routes.ts';
import { createCandidates, type Entry } from './candidates.ts';
import { type Claim, keyOf, readClaim } from './credential.ts';
import { isForm, type NamedAction, NO_BODY, namedAction } from './form-action.ts';
import { createHostReader, type HostName, LOCALSTACK_SUFFIX } from './host-name.ts';

/** Tells of each request whose it is and what it asks for. Neither function throws, whatever the request. */
export interface Recogniser {
  /** By the head alone: the service, and the operation when it is not named in the body. */
  head(http: HttpRequest): Recognised;
  /** With the body, or its beginning, its content encoding undone: the operation of query protocols too. */
  whole(http: HttpRequest, body: Buffer): Recognised;
}

export interface Recognised {
  /** As the request claims; what is not signed goes by the service that was found, if any, else by ''. */
  readonly signingName: string;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly authentication: 'AuthHeader' | 'QueryString' | 'None';
  /** Absent when nothing in the catalogue answers, or the path is not percent-encoded UTF-8. */
  readonly detected?: Detected;
}

export interface RecogniserOptions {
  /** Host names of the gateway, under which `<bucket>.<suffix>` addresses a bucket and `<service>.<suffix>` a service. */
  readonly hostSuffixes: readonly string[];
  /** Where neither the signature nor the host names a Region. */
  readonly defaultRegion: string;
}

/** A request with what was read of it on the way. */
interface Reading {
  readonly http: HttpRequest;
  readonly host: HostName;
  readonly claim: Claim;
  readonly form: NamedAction;
  /** Services that it may be for, the likeliest first. */
  readonly candidates: readonly Entry[];
  /** Whether signature or host told the candidates: there are none otherwise. */
  readonly named: boolean;
}

/** S3's operations that only the scope (or a host of their own) tells from others. */
const SCOPED_S3: Readonly<Record<string, string>> = {
  's3express GET /': 'ListDirectoryBuckets',
  's3-object-lambda POST /WriteGetObjectResponse': 'WriteGetObjectResponse',
};

/** Sends each request to the few services that it may be for, and only these are read from the catalogue. */
export function createRecogniser(catalogue: Catalogue, options: RecogniserOptions): Recogniser {
  const candidates = createCandidates(catalogue);
  const readHost = createHostReader(candidates.isHostPrefix, options.hostSuffixes);

  const s3Suffixes = [...options.hostSuffixes, LOCALSTACK_SUFFIX];

  function recognise(http: HttpRequest, body: Buffer | undefined): Recognised {
    const claim = readClaim(http);
    const host = readHost(http.host);
    const found = candidates.of(claim.signingName, host.prefix);
    const form = namedAction(http, body !== undefined && isForm(http) ? body : NO_BODY);
    const detected = detect({ http, host, form, claim, named: found.length > 0, candidates: found });
    const { authentication, accessKeyId } = claim.authentication === 'None' ? claimInForm(form) : claim;
    const signingName = claim.signingName ?? detected?.schema.signingName ?? '';
    const region = claim.region ?? host.region ?? options.defaultRegion;
    const recognised = { signingName, region, accessKeyId, authentication };
    return detected ? { ...recognised, detected } : recognised;
  }

  /** undefined also for a path or query that is no percent-encoded UTF-8: it asks for nothing. */
  function detect(reading: Reading): Detected | undefined {
    try {
      return find(reading);
    } catch (error) {
      if (error instanceof AwsError) return undefined;
      throw error;
    }
  }

  function find(reading: Reading): Detected | undefined {
    const { http, named, candidates: found } = reading;
    const rpc = byTarget(reading) ?? byRpcPath(reading) ?? byForm(reading);
    if (rpc) return rpc;
    const looksLikeRpc = 'x-amz-target' in http.headers || 'smithy-protocol' in http.headers;
    const routed = looksLikeRpc ? undefined : (byRoute(reading) ?? asS3(reading));
    if (routed) return routed;
    return named ? unknown(found[0]!, unknownName(http)) : undefined;
  }

  /** `CloudTrail_20131101.X`, or with the Java namespace of old before it, which botocore still sends. */
  function byTarget({ http, candidates: found, named }: Reading): Detected | undefined {
    const parts = http.headers['x-amz-target']?.split('.');
    if (!parts || parts.length < 2) return undefined;
    const entry = ofTarget(parts.at(-2)!, parts.at(-1)!, found, named);
    if (!entry) return undefined;
    const asked = http.headers['content-type']?.includes('json-1.0') ? 'awsJson1_0' : 'awsJson1_1';
    const spoken = entry.protocols.includes(asked) ? asked : entry.protocols.find(isAwsJson);
    return operation(entry, spoken ?? asked, parts.at(-1)!);
  }

  function byRpcPath({ http, candidates: found, named }: Reading): Detected | undefined {
    if (http.headers['smithy-protocol'] !== 'rpc-v2-cbor') return undefined;
    const [, service, name] = /\/service\/([^/]+)\/operation\/([^/]+)$/.exec(http.rawPath) ?? [];
    const entry = service === undefined ? undefined : ofTarget(service, name!, found, named);
    return entry && operation(entry, 'rpcv2Cbor', name!);
  }

  /** The service of a target prefix: among those that signature or host name, when they name any. */
  function ofTarget(prefix: string, name: string, found: readonly Entry[], named: boolean): Entry | undefined {
    const entries = candidates.ofTarget(prefix).filter((entry) => !named || found.includes(entry));
    return entries.length > 1 ? (entries.find((entry) => has(entry, name)) ?? entries[0]) : entries[0];
  }

  function byForm({ http, candidates: found, named, form }: Reading): Detected | undefined {
    if (form.action === undefined && !isForm(http)) return undefined;
    if (!named && http.rawPath !== '/') return undefined;
    const entry = speakerOf(named ? found.filter((e) => e.form) : candidates.forms(form.version), form);
    if (!entry) return undefined;
    if (form.action !== undefined) return operation(entry, entry.form!, form.action);
    return { schema: catalogue.schema(entry.id)!, protocol: entry.form!, labels: {} };
  }

  /** elb and elbv2 differ by Version; rds, docdb and neptune do not, and share what all three can do. */
  function speakerOf(speakers: readonly Entry[], { action, version }: NamedAction): Entry | undefined {
    if (speakers.length < 2) return speakers[0];
    const same = speakers.filter((entry) => entry.version === version);
    const left = same.length > 0 ? same : speakers;
    return (action === undefined ? undefined : left.find((entry) => has(entry, action))) ?? left[0];
  }

  /** Of services with a fitting route the one that the host names, or else agrees about the slash at the end. */
  function byRoute(reading: Reading): Detected | undefined {
    const { http, host, candidates: found, named } = reading;
    let likeliest: Detected | undefined;
    for (const entry of named ? found : candidates.unsigned(http)) {
      if (!entry.rest || entry.id === 's3' || (entry.id === 's3-control') !== isS3Control(reading)) continue;
      const schema = catalogue.schema(entry.id)!;
      const match = matchRoute(routesOf(schema), http);
      if (!match) continue;
      const detected = { schema, protocol: entry.rest, ...match };
      const { uri } = schema.operations[match.operation]!.http!;
      if (entry.endpointPrefix === host.prefix || endsInSlash(uri) === endsInSlash(http.rawPath)) return detected;
      likeliest ??= detected;
    }
    return likeliest;
  }

  /** What is signed for S3 is S3's; and so is what names no service and looks like nobody else's. */
  function asS3(reading: Reading): Detected | undefined {
    const { http, host, claim, candidates: found, named } = reading;
    const { s3 } = candidates;
    if (!s3 || isS3Control(reading)) return undefined;
    // Under the gateway's own names `logs.<suffix>` may be a bucket: its unsigned calls are likelier than the service's.
    const nameless = claim.signingName === undefined && (!named || host.isOwn === true);
    if (!nameless && !found.includes(s3)) return undefined;
    const schema = catalogue.schema(s3.id)!;
    const operation = SCOPED_S3[`${claim.signingName} ${http.method} ${http.rawPath}`];
    if (operation !== undefined) return { schema, protocol: 'restXml', operation, labels: {} };
    return detectS3(http, schema, s3Suffixes);
  }

  function has(entry: Entry, name: string): boolean {
    return Object.hasOwn(catalogue.schema(entry.id)!.operations, name);
  }

  function operation(entry: Entry, protocol: Protocol, name: string): Detected {
    const schema = catalogue.schema(entry.id)!;
    const labels = {};
    if (has(entry, name)) return { schema, protocol, labels, operation: name };
    return { schema, protocol, labels, unknownOperation: name };
  }

  function unknown(entry: Entry, unknownOperation: string): Detected {
    return { schema: catalogue.schema(entry.id)!, protocol: entry.protocols[0]!, labels: {}, unknownOperation };
  }

  return { head: (http) => recognise(http, undefined), whole: (http, body) => recognise(http, body) };
}

/** S3 Control's paths begin with its API version; the account is in its host name or in a header, or in both. */
function isS3Control({ http, host, claim }: Reading): boolean {
  if (host.prefix === 's3-control') return true;
  return (
    http.rawPath.startsWith('/v20180820/') &&
    ('x-amz-account-id' in http.headers || claim.signingName === 's3-outposts')
  );
}

const isAwsJson = (protocol: Protocol): boolean => protocol === 'awsJson1_0' || protocol === 'awsJson1_1';

const endsInSlash = (uri: string): boolean => uri.split('?', 1)[0]!.endsWith('/');

function claimInForm({ accessKeyId }: NamedAction): Pick<Recognised, 'accessKeyId' | 'authentication'> {
  const key = keyOf(accessKeyId).accessKeyId;
  return { accessKeyId: key, authentication: key === undefined ? 'None' : 'QueryString' };
}

function unknownName(http: HttpRequest): string {
  return http.headers['x-amz-target']?.split('.').at(-1) ?? `${http.method} ${http.rawPath}`;
}
