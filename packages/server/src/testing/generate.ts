import type { EventCategory, NewEvent } from '../event/event.ts';
import { lookupKeys } from '../event/lookup-keys.ts';
import { OPERATIONS, type OperationTemplate } from './operations.ts';
import { type Integers, integers, zipf } from './seeded.ts';

export interface GenerateOptions {
  readonly seed?: number;
  /** eventTime of the first record. */
  readonly startMs?: number;
  /** From one record to the next; eventTime itself is cut to whole seconds, as CloudTrail's is. */
  readonly stepMs?: number;
  /** Records are up to this much older than their place says, and so out of order, as real ones are. Default 0. */
  readonly jitterMs?: number;
  /** 12 digits each; the first has the most records. */
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
  /** Users and roles over all accounts. */
  readonly identities?: number;
  /** Whether data events are among them. Default true. */
  readonly dataEvents?: boolean;
}

/**
 * Realistic records without end, the same ones for the same options: for tests, benchmarks and demonstrations. Each is
 * spliced from a template that was serialised once, so that making one costs far less than storing it. Headers are
 * those that `eventFromBytes` would give.
 * @returns a function that makes the next record
 */
export function createGenerator(options: GenerateOptions = {}): () => NewEvent {
  const { startMs = Date.UTC(2026, 0, 1), stepMs = 10, jitterMs = 0 } = options;
  const { accounts = ['111122223333', '444455556666'], regions = ['us-east-1', 'eu-west-1'] } = options;
  const next = integers(options.seed ?? 1);
  const operations = OPERATIONS.filter((o) => options.dataEvents !== false || !o.data).map(compileOperation);
  const identities = makeIdentities(next, options.identities ?? 5_000, accounts, startMs);
  const pickOperation = zipf(next, operations.length, 1);
  const pickIdentity = zipf(next, identities.length, 0.9);
  const pickRegion = zipf(next, regions.length, 1);
  const globalRegion = regions.includes('us-east-1') ? 'us-east-1' : regions[0]!;
  const draw = slotDrawers(next);
  const values: string[] = new Array(SLOTS.length).fill('');
  let count = 0;
  let timeMs = Number.NaN;

  return () => {
    const operation = operations[pickOperation()]!;
    const identity = identities[pickIdentity()]!;
    const region = operation.template.global ? globalRegion : regions[pickRegion()]!;
    const late = jitterMs > 0 ? next() % jitterMs : 0;
    const second = Math.floor((startMs + count++ * stepMs - late) / 1000) * 1000;
    if (second !== timeMs) {
      timeMs = second;
      values[TIME] = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
    }
    values[ACCOUNT] = identity.accountId;
    values[REGION] = region;
    values[IDENTITY] = identity.json;
    values[USER_AGENT] = identity.userAgent;
    values[SOURCE_IP] = identity.sourceIp;
    const outcome = next() % FAILED_ONE_IN === 0 ? operation.failed : operation.succeeded;
    for (const slot of outcome.drawn) values[slot] = draw[slot]!();
    const byUser = operation.template.by === undefined;
    return {
      header: {
        timeMs,
        accountId: identity.accountId,
        region,
        category: operation.category,
        readOnly: operation.template.readOnly,
        eventId: values[EVENT_ID]!,
        eventName: operation.template.name,
        eventSource: operation.source,
        username: byUser ? identity.username : '',
        accessKeyId: byUser ? identity.accessKeyId : '',
        resources: outcome.resources.map(([type, name]) => [type, fill(name, values)] as const),
      },
      json: Buffer.from(fill(outcome.record, values), 'latin1'),
    };
  };
}

/** The first `count` events of `createGenerator`. */
export function* generateEvents(count: number, options: GenerateOptions = {}): Generator<NewEvent> {
  const next = createGenerator(options);
  for (let i = 0; i < count; i++) yield next();
}

/** Failed calls are a few in a hundred in healthy accounts. */
const FAILED_ONE_IN = 24;

/** What can be filled in: the first six come with the caller and the moment, the others are drawn when a record has them. */
const SLOTS = [
  ...['time', 'account', 'region', 'identity', 'userAgent', 'sourceIp'],
  ...['eventId', 'sharedEventId', 'requestId', 's3RequestId', 'uuid', 'hex', 'id', 'base64', 'number', 'ip'],
  ...['bucket', 'key', 'keyArn', 'instance', 'role', 'name'],
] as const;
const [TIME, ACCOUNT, REGION, IDENTITY, USER_AGENT, SOURCE_IP, EVENT_ID] = [0, 1, 2, 3, 4, 5, 6] as const;
const DRAWN_FROM = EVENT_ID;

const HEX4 = Array.from({ length: 65_536 }, (_, i) => i.toString(16).padStart(4, '0'));
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function slotDrawers(next: Integers): (() => string)[] {
  const hex8 = () => {
    const n = next();
    return HEX4[n >>> 16]! + HEX4[n & 0xffff]!;
  };
  const uuid = () => {
    const [a, b] = [next(), next()];
    return `${hex8()}-${HEX4[a >>> 16]}-4${HEX4[a & 0xffff]!.slice(1)}-${HEX4[0x8000 | ((b >>> 16) & 0x3fff)]}-${HEX4[b & 0xffff]}${hex8()}`;
  };
  const base32 = (length: number) => {
    let s = '';
    for (let i = 0; i < length; i++) s += BASE32[next() & 31];
    return s;
  };
  const pool = (size: number, make: (i: number) => string) => {
    const members = Array.from({ length: size }, (_, i) => make(i));
    const pick = zipf(next, size, 0.8);
    return () => members[pick()]!;
  };
  const drawers: Record<string, () => string> = {
    eventId: uuid,
    sharedEventId: uuid,
    requestId: uuid,
    uuid,
    s3RequestId: () => base32(16),
    hex: () => `0${hex8()}${hex8()}`,
    id: () => base32(16),
    base64: () => `${hex8()}Zx/${hex8()}Q+${hex8()}k${hex8()}vY/${hex8()}M${hex8()}w==`,
    number: () => String(next() % 5_000_000),
    ip: () => ip(next),
    bucket: pool(400, (i) => `${WORDS[i % WORDS.length]}-data-${HEX4[next() & 0xffff]}`),
    key: () => `year=2026/part-${hex8()}${hex8()}.parquet`,
    keyArn: pool(60, () => `arn:aws:kms:us-east-1:111122223333:key/${uuid()}`),
    instance: pool(3_000, () => `i-0${hex8()}${hex8()}`),
    role: pool(300, (i) => `${WORDS[i % WORDS.length]}-role-${i}`),
    name: pool(20_000, (i) => `${WORDS[i % WORDS.length]}-${HEX4[next() & 0xffff]}-${i}`),
  };
  return SLOTS.map((slot) => drawers[slot] ?? (() => ''));
}

const ip = (next: Integers) => {
  const n = next();
  return `${11 + ((n >>> 24) % 180)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
};

interface Template {
  readonly literals: readonly string[];
  /** One fewer than literals: between two of them stands a slot. */
  readonly slots: readonly number[];
}

interface Outcome {
  readonly record: Template;
  readonly resources: readonly (readonly [string, Template])[];
  readonly drawn: readonly number[];
}

interface Operation {
  readonly template: OperationTemplate;
  readonly source: string;
  readonly category: EventCategory;
  readonly succeeded: Outcome;
  readonly failed: Outcome;
}

function fill({ literals, slots }: Template, values: readonly string[]): string {
  let text = literals[0]!;
  for (let i = 0; i < slots.length; i++) text += values[slots[i]!]! + literals[i + 1]!;
  return text;
}

function compileTemplate(text: string): Template {
  const parts = text.replaceAll(/"\{#(\w+)\}"/g, '{$1}').split(/\{(\w+)\}/);
  const slots = parts.filter((_, i) => i % 2 === 1).map((name) => (SLOTS as readonly string[]).indexOf(name));
  if (slots.includes(-1)) throw new Error(`unknown slot in ${text}`);
  return { literals: parts.filter((_, i) => i % 2 === 0), slots };
}

function compileOperation(template: OperationTemplate): Operation {
  return {
    template,
    source: `${template.service}.amazonaws.com`,
    category: template.data ? 'Data' : 'Management',
    succeeded: compileOutcome(recordOf(template, false)),
    failed: compileOutcome(recordOf(template, true)),
  };
}

function compileOutcome(record: Record<string, unknown>): Outcome {
  const compiled = compileTemplate(JSON.stringify(record));
  return {
    record: compiled,
    resources: lookupKeys(record).resources.map(([type, name]) => [type, compileTemplate(name)]),
    drawn: [...new Set(compiled.slots)].filter((slot) => slot >= DRAWN_FROM),
  };
}

/** A record with its slots still in it, in CloudTrail's order (spec: record-conventions §2, §21). */
function recordOf(t: OperationTemplate, failed: boolean): Record<string, unknown> {
  const s3 = t.service === 's3';
  const ec2 = t.service === 'ec2';
  const agent = s3 ? '[{userAgent}]' : '{userAgent}';
  return {
    eventVersion: t.version ?? '1.11',
    userIdentity: t.by ? { type: 'AWSService', invokedBy: t.by } : '{#identity}',
    eventTime: '{time}',
    eventSource: `${t.service}.amazonaws.com`,
    eventName: t.name,
    awsRegion: '{region}',
    sourceIPAddress: t.by ?? '{sourceIp}',
    userAgent: t.by ?? agent,
    ...(failed && {
      errorCode: ec2 ? 'Client.UnauthorizedOperation' : 'AccessDenied',
      errorMessage: `User is not authorized to perform: ${t.service}:${t.name} because no identity-based policy allows the ${t.service}:${t.name} action`,
    }),
    requestParameters: failed && !ec2 && !s3 ? null : (t.request ?? null),
    responseElements: failed ? null : (t.response ?? null),
    ...(t.additional && { additionalEventData: t.additional }),
    requestID: s3 ? '{s3RequestId}' : '{requestId}',
    eventID: '{eventId}',
    readOnly: t.readOnly,
    ...(t.resources && { resources: t.resources }),
    eventType: 'AwsApiCall',
    managementEvent: !t.data,
    recipientAccountId: '{account}',
    ...(t.by && { sharedEventID: '{sharedEventId}' }),
    eventCategory: t.data ? 'Data' : 'Management',
    ...(!t.by && {
      tlsDetails: {
        tlsVersion: 'TLSv1.3',
        cipherSuite: 'TLS_AES_128_GCM_SHA256',
        clientProvidedHostHeader: t.global ? `${t.service}.amazonaws.com` : `${t.service}.{region}.amazonaws.com`,
      },
    }),
  };
}

interface Identity {
  readonly accountId: string;
  readonly username: string;
  readonly accessKeyId: string;
  readonly json: string;
  readonly userAgent: string;
  readonly sourceIp: string;
}

/** Half roles, half users, and now and then root, spread over the accounts so that the first has the most. */
function makeIdentities(next: Integers, count: number, accounts: readonly string[], startMs: number): Identity[] {
  const id = () => Array.from({ length: 16 }, () => BASE32[next() & 31]).join('');
  const pickAccount = zipf(next, accounts.length, 1);
  const creationDate = `${new Date(startMs).toISOString().slice(0, 14)}00:00Z`;
  return Array.from({ length: count }, (_, i) => {
    const accountId = accounts[pickAccount()]!;
    const name = `${WORDS[next() % WORDS.length]}.${HEX4[next() & 0xffff]}${i}`;
    const kind = i % 100 === 99 ? 'Root' : i % 2 === 0 ? 'AssumedRole' : 'IAMUser';
    const accessKeyId = `${kind === 'IAMUser' ? 'AKIA' : 'ASIA'}${id()}`;
    const attributes = { creationDate, mfaAuthenticated: next() % 8 === 0 ? 'true' : 'false' };
    const role = `${WORDS[i % WORDS.length]}-role-${i % 300}`;
    const roleId = `AROA${id()}`;
    const userIdentity = {
      Root: () => ({
        type: kind,
        principalId: accountId,
        arn: `arn:aws:iam::${accountId}:root`,
        accountId,
        accessKeyId,
        sessionContext: { attributes },
      }),
      IAMUser: () => ({
        type: kind,
        principalId: `AIDA${id()}`,
        arn: `arn:aws:iam::${accountId}:user/${name}`,
        accountId,
        accessKeyId,
        userName: name,
      }),
      AssumedRole: () => ({
        type: kind,
        principalId: `${roleId}:${name}`,
        arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${name}`,
        accountId,
        accessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: roleId,
            arn: `arn:aws:iam::${accountId}:role/${role}`,
            accountId,
            userName: role,
          },
          attributes,
        },
      }),
    }[kind]();
    const { username } = lookupKeys({ userIdentity });
    const userAgent = USER_AGENTS[next() % USER_AGENTS.length]!;
    return { accountId, username, accessKeyId, json: JSON.stringify(userIdentity), userAgent, sourceIp: ip(next) };
  });
}

const WORDS =
  'alice bob carol deploy terraform backup etl web billing search reports ingest media auth mobile audit'.split(' ');
const USER_AGENTS = [
  'aws-cli/2.17.4 md/awscrt#0.20.11 ua/2.0 os/linux#5.10.220 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard',
  'Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#6.1.97 lang/python#3.12.4',
  'APN/1.0 HashiCorp/1.0 Terraform/1.9.1 (+https://www.terraform.io) terraform-provider-aws/5.58.0',
  'aws-sdk-go-v2/1.30.1 os/linux lang/go#1.22.5 md/GOOS#linux',
  'console.amazonaws.com',
];
