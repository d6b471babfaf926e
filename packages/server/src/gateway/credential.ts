import type { HttpRequest } from '../wire/request.ts';

/** What a request's signature says of itself. Nothing of it is verified: the upstream does that, or the gateway later. */
export interface Claim {
  readonly authentication: 'AuthHeader' | 'QueryString' | 'None';
  readonly accessKeyId?: string;
  /** Of the credential scope; Signature Version 2 has none. */
  readonly signingName?: string;
  readonly region?: string;
}

const NOBODY: Claim = { authentication: 'None' };

/** Key ids and names end up in records and file names: nothing but their own alphabet may pass. */
const KEY_ID = /^\w{1,128}$/;
const REGION = /^[a-z0-9-]{1,64}$/;
/** One of AWS's has capitals (IoTSecuredTunneling). */
const SIGNING_NAME = /^[A-Za-z0-9-]{1,64}$/;

const V4_HEADER = /^AWS4-(?:HMAC-SHA256|(ECDSA-P256-SHA256)) .*?Credential=([^,\s]{1,512})/;
/** Version 2 as S3 has it, and Version 3 as Route 53 and SES had it. */
const OLD_HEADER = /^AWS(?: ([^:\s]{1,128}):|3(?:-HTTPS)? .*?AWSAccessKeyId=([^,\s]{1,128}))/;
/** An Authorization header holds little besides the names of signed headers; patterns look no further. */
const HEADER_CHARS_MAX = 4096;

/** Reads who claims to call, and for which service: from the header, or else from a presigned query. */
export function readClaim(http: HttpRequest): Claim {
  const header = http.headers.authorization;
  if (header !== undefined) return readHeader(header.slice(0, HEADER_CHARS_MAX), http);
  return readQuery(http.query, http);
}

function readHeader(header: string, http: HttpRequest): Claim {
  const v4 = V4_HEADER.exec(header);
  if (v4) {
    // What was cut out of a long header would keep all of it in memory.
    const isShort = v4[1] === undefined && header.length < HEADER_CHARS_MAX;
    return isShort ? remembered(v4[2]!) : ofHeader(readScope(v4[2]!, v4[1] !== undefined, http));
  }
  const old = OLD_HEADER.exec(header);
  return { authentication: 'AuthHeader', ...keyOf(old?.[1] ?? old?.[2]) };
}

type Scope = Omit<Claim, 'authentication'>;

const ofHeader = (scope: Scope): Claim => ({ authentication: 'AuthHeader', ...scope });

/** Scopes that are remembered: one a key, day, Region and service. */
const REMEMBERED_MAX = 1_000;
let claims = new Map<string, Claim>();

/** What Version 4's scope says, for clients send the same one all day. */
function remembered(credential: string): Claim {
  let claim = claims.get(credential);
  if (!claim) {
    claim = ofHeader(readScope(credential, false));
    if (claims.size >= REMEMBERED_MAX) claims = new Map();
    claims.set(credential, claim);
  }
  return claim;
}

function readQuery(query: HttpRequest['query'], http: HttpRequest): Claim {
  let [credential, oldKey, algorithm = '']: (string | undefined)[] = [];
  for (const [name, value] of query) {
    if (name === 'X-Amz-Credential') credential ??= value;
    else if (name === 'AWSAccessKeyId') oldKey ??= value;
    else if (name === 'X-Amz-Algorithm') algorithm = value;
  }
  if (credential !== undefined) {
    return { authentication: 'QueryString', ...readScope(credential, algorithm.includes('ECDSA'), http) };
  }
  return oldKey === undefined ? NOBODY : { authentication: 'QueryString', ...keyOf(oldKey) };
}

/** `key/date/region/service/aws4_request`; Version 4a has no Region there, and says where it is valid elsewhere. */
function readScope(credential: string, isV4a: boolean, http?: HttpRequest): Scope {
  const parts = credential.split('/');
  const [accessKeyId, , second, third] = parts;
  const [region, service] = isV4a ? [http && regionSet(http), second] : [second, third];
  return {
    ...keyOf(accessKeyId),
    ...(service !== undefined && SIGNING_NAME.test(service) && { signingName: service }),
    ...(region !== undefined && REGION.test(region) && { region }),
  };
}

/** @returns nothing for what cannot be the id of a key */
export function keyOf(accessKeyId: string | undefined): { accessKeyId?: string } {
  return accessKeyId !== undefined && KEY_ID.test(accessKeyId) ? { accessKeyId } : {};
}

/** The first of the Regions that the signature holds for; `*` names none. */
function regionSet(http: HttpRequest): string | undefined {
  const set = http.headers['x-amz-region-set'] ?? http.query.find(([name]) => name === 'X-Amz-Region-Set')?.[1];
  return set?.split(',')[0]?.trim();
}
