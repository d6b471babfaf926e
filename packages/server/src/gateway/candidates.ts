import type { Catalogue, CatalogueEntry } from '../schema/catalogue.ts';
import type { Protocol } from '../schema/types.ts';
import type { HttpRequest } from '../wire/request.ts';

/** A service as the recogniser sees it, its schema unread. */
export interface Entry extends CatalogueEntry {
  /** The query protocol that it speaks, if any. */
  readonly form?: Protocol;
  /** The REST protocol that it speaks, if any. */
  readonly rest?: Protocol;
}

/** Which services a request may be for, by what its head says. */
export interface Candidates {
  readonly s3: Entry | undefined;
  /** Whether a host name may name a service so. */
  isHostPrefix(prefix: string): boolean;
  /** Services that sign so, the one that the host names first; without a known signature, those that the host names. */
  of(signingName: string | undefined, hostPrefix: string | undefined): readonly Entry[];
  ofTarget(targetPrefix: string): readonly Entry[];
  /** What an unsigned form of this Version may be for; STS when it does not say in the head. */
  forms(version: string | undefined): readonly Entry[];
  /** REST services other than S3 that take unsigned calls, as this request looks. */
  unsigned(http: HttpRequest): readonly Entry[];
}

/** Names in the scope that S3's API answers to beside its own: Outposts, S3 Express, Object Lambda. */
const S3_SCOPES = ['s3-outposts', 's3express', 's3-object-lambda'];

/**
 * The older of two generations that sign alike: where neither host nor Version tells, the newer is likelier. All others
 * come after the one whose id is the signing name.
 */
const OLDER: ReadonlySet<string> = new Set([
  'chime',
  'elastic-load-balancing',
  'greengrass',
  'lex-model-building-service',
  'wisdom',
]);

const NONE: readonly Entry[] = [];

export function createCandidates(catalogue: Catalogue): Candidates {
  const entries = catalogue.entries.map(entryOf).sort((a, b) => rank(a) - rank(b));
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const bySigningName = group(entries, (entry) => entry.signingName);
  for (const scope of S3_SCOPES) {
    bySigningName.set(scope, [...(bySigningName.get(scope) ?? []), ...(bySigningName.get('s3') ?? [])]);
  }
  const byTarget = group(entries, (entry) => entry.targetPrefix);
  const byVersion = group(
    entries.filter((entry) => entry.form),
    (entry) => entry.version,
  );
  const byHost = new Map([...bySigningName, ...group(entries, (entry) => entry.endpointPrefix)]);
  const only = (id: string): readonly Entry[] => (byId.has(id) ? [byId.get(id)!] : NONE);
  const orders = new Map<string, readonly Entry[]>();

  function ordered(signingName: string, hostPrefix: string | undefined): readonly Entry[] {
    const signed = bySigningName.get(signingName);
    const hosted = hostPrefix === undefined ? undefined : byHost.get(hostPrefix);
    if (!signed || !hosted) return signed ?? hosted ?? NONE;
    return [...signed.filter((entry) => hosted.includes(entry)), ...signed.filter((entry) => !hosted.includes(entry))];
  }

  return {
    s3: byId.get('s3'),
    isHostPrefix: (prefix) => byHost.has(prefix),
    of(signingName, hostPrefix) {
      if (signingName === undefined) return (hostPrefix !== undefined && byHost.get(hostPrefix)) || NONE;
      // What is not in the catalogue is not remembered: anybody can make up names.
      if (!bySigningName.has(signingName)) return ordered(signingName, hostPrefix);
      const key = `${signingName} ${hostPrefix ?? ''}`;
      let order = orders.get(key);
      if (!order) {
        order = ordered(signingName, hostPrefix);
        orders.set(key, order);
      }
      return order;
    },
    ofTarget: (targetPrefix) => byTarget.get(targetPrefix) ?? NONE,
    forms: (version) => (version === undefined ? only('sts') : (byVersion.get(version) ?? NONE)),
    unsigned(http) {
      if ('x-amz-sso_bearer_token' in http.headers) return only('sso');
      const isJson = http.method === 'POST' && http.headers['content-type']?.startsWith('application/json');
      return isJson ? only('sso-oidc') : NONE;
    },
  };
}

function entryOf(entry: CatalogueEntry): Entry {
  const form = entry.protocols.find((p) => p === 'awsQuery' || p === 'ec2Query');
  const rest = entry.protocols.find((p) => p === 'restJson1' || p === 'restXml');
  return { ...entry, ...(form && { form }), ...(rest && { rest }) };
}

const rank = ({ id, signingName }: Entry): number => (OLDER.has(id) ? 2 : id === signingName ? 0 : 1);

function group(entries: readonly Entry[], keyOf: (entry: Entry) => string | undefined): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    const members = groups.get(key);
    if (members) members.push(entry);
    else groups.set(key, [entry]);
  }
  return groups;
}
