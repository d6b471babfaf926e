import { type Next, pick, random } from '../random.ts';
import { ACCOUNT, ACTORS, type Actor, type Doing, GLOBAL } from './people.ts';

export interface CompanyOptions {
  readonly count: number;
  /** The last event is at this time; the first up to `days` before. */
  readonly endMs: number;
  /** Default 90. */
  readonly days?: number;
  readonly seed?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: a CloudTrail record
export type CompanyRecord = Record<string, any>;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * What a small company did in three months, as CloudTrail records in the order of time: machines around the clock, people
 * by day, sessions of roles that somebody assumed, denials, and at the end an incident (`INCIDENT`). Made up, and the
 * same for the same options.
 */
export function companyRecords({ count, endMs, days = 90, seed = 1 }: CompanyOptions): CompanyRecord[] {
  const next = random(seed);
  const startMs = endMs - days * DAY_MS;
  const times = Array.from({ length: count }, () => startMs + next() * (endMs - startMs - HOUR_MS)).sort(
    (a, b) => a - b,
  );
  const make = recordMaker(next);
  const records = times.flatMap((timeMs) => {
    const actor = whoIsAwake(next, timeMs);
    const doing = pick(next, actor.does)(next);
    return make(actor, doing, timeMs, next() * actor.deniedOneIn < 1 ? denial(actor, doing) : undefined);
  });
  return [...records, ...incident(make, endMs)]
    .sort((a, b) => Date.parse(a.eventTime) - Date.parse(b.eventTime))
    .slice(-count);
}

/** Weekdays from seven to seven, and now and then somebody late. */
function whoIsAwake(next: Next, timeMs: number): Actor {
  const time = new Date(timeMs);
  const [day, hour] = [time.getUTCDay(), time.getUTCHours()];
  const atWork = day >= 1 && day <= 5 && hour >= 7 && hour < 19;
  const weightOf = (actor: Actor) => actor.weight * (actor.person ? (atWork ? 3 : 0.03) : 1);
  let left = next() * ACTORS.reduce((sum, actor) => sum + weightOf(actor), 0);
  for (const actor of ACTORS) {
    left -= weightOf(actor);
    if (left < 0) return actor;
  }
  return ACTORS[0]!;
}

interface Failure {
  readonly errorCode: string;
  readonly errorMessage: string;
}
interface Session {
  readonly accessKeyId: string;
  readonly assumedAt: string;
}
type Make = (actor: Actor, doing: Doing, timeMs: number, failure?: Failure) => CompanyRecord[];

/** Makes the record of a call, and before the first of a day that of the AssumeRole that began its session. */
function recordMaker(next: Next): Make {
  const sessions = new Map<string, Session>();
  const uuid = () => {
    const hex = Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join('');
    return hex.replace(/(.{8})(.{4}).(.{3}).(.{3})(.{12})/, '$1-$2-4$3-a$4-$5');
  };
  const record = (identity: object, actor: Actor, doing: Doing, timeMs: number, failure?: Failure) => ({
    eventVersion: '1.11',
    userIdentity: identity,
    eventTime: `${new Date(timeMs).toISOString().slice(0, 19)}Z`,
    eventSource: `${doing.service}.amazonaws.com`,
    eventName: doing.name,
    awsRegion: doing.global || doing.service === 'sts' ? GLOBAL : pick(next, actor.regions),
    sourceIPAddress: actor.address,
    userAgent: actor.agent,
    ...failure,
    requestParameters: doing.request ?? null,
    responseElements: failure ? null : (doing.response ?? null),
    requestID: uuid(),
    eventID: uuid(),
    readOnly: doing.readOnly ?? false,
    ...(doing.resources && { resources: doing.resources }),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  });
  const sessionOf = (actor: Actor, role: string, timeMs: number): CompanyRecord[] => {
    const day = new Date(timeMs).toISOString().slice(0, 10);
    const name = `${actor.name}/${role}/${day}`;
    if (sessions.has(name)) return [];
    const accessKeyId = `ASIA${uuid().replaceAll('-', '').slice(0, 16).toUpperCase()}`;
    const assumedAtMs = timeMs - 1_000;
    sessions.set(name, { accessKeyId, assumedAt: `${new Date(assumedAtMs).toISOString().slice(0, 19)}Z` });
    const assumedRoleUser = { assumedRoleId: `${roleId(role)}:${actor.name}`, arn: sessionArn(role, actor.name) };
    const doing = {
      service: 'sts',
      name: 'AssumeRole',
      readOnly: true,
      request: { roleArn: roleArn(role), roleSessionName: actor.name },
      response: { credentials: { accessKeyId, expiration: day }, assumedRoleUser },
      resources: [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: roleArn(role) }],
    } as const;
    const { trustedBy } = actor;
    if (trustedBy === undefined) return [record(userOf(actor.name), actor, doing, assumedAtMs)];
    const service = { ...actor, address: trustedBy, agent: trustedBy };
    return [record({ type: 'AWSService', invokedBy: trustedBy }, service, doing, assumedAtMs)];
  };
  return (actor, doing, timeMs, failure) => {
    if (actor.role === undefined) return [record(userOf(actor.name), actor, doing, timeMs, failure)];
    const before = sessionOf(actor, actor.role, timeMs);
    const session = sessions.get(`${actor.name}/${actor.role}/${new Date(timeMs).toISOString().slice(0, 10)}`)!;
    return [...before, record(sessionIdentity(actor.name, actor.role, session), actor, doing, timeMs, failure)];
  };
}

const denial = ({ name, role }: Actor, { service, name: operation }: Doing): Failure => ({
  errorCode: service === 'ec2' ? 'Client.UnauthorizedOperation' : 'AccessDenied',
  errorMessage: `User: ${role ? sessionArn(role, name) : `arn:aws:iam::${ACCOUNT}:user/${name}`} is not authorized to perform: ${service}:${operation.replace(/\d{8}v2$/, '')} because no identity-based policy allows it`,
});

const roleArn = (role: string) => `arn:aws:iam::${ACCOUNT}:role/${role}`;
const sessionArn = (role: string, session: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${session}`;
/** Ids need only look like ids, and be the same for the same name. */
const idOf = (prefix: string, name: string) =>
  prefix + Buffer.from(name.padEnd(10, '7')).toString('hex').toUpperCase().slice(0, 16);
const roleId = (role: string) => idOf('AROA', role);

const userOf = (userName: string) => ({
  type: 'IAMUser',
  principalId: idOf('AIDA', userName),
  arn: `arn:aws:iam::${ACCOUNT}:user/${userName}`,
  accountId: ACCOUNT,
  accessKeyId: idOf('AKIA', `${userName}-key`),
  userName,
});

const sessionIdentity = (name: string, role: string, { accessKeyId, assumedAt }: Session) => ({
  type: 'AssumedRole',
  principalId: `${roleId(role)}:${name}`,
  arn: sessionArn(role, name),
  accountId: ACCOUNT,
  accessKeyId,
  sessionContext: {
    sessionIssuer: { type: 'Role', principalId: roleId(role), arn: roleArn(role), accountId: ACCOUNT, userName: role },
    attributes: { creationDate: assumedAt, mfaAuthenticated: 'false' },
  },
});

/** What the incident at the end is about, for tests and pictures. */
export const INCIDENT = {
  bucket: 'customer-exports',
  user: 'tom.fischer',
  role: 'Administrator',
  region: 'ap-southeast-1',
};

/** An hour before the end a contractor's key takes the administrators' role in a Region never used, and deletes a bucket. */
function incident(make: Make, endMs: number): CompanyRecord[] {
  const contractor = ACTORS.find(({ name }) => name === INCIDENT.user)!;
  const actor: Actor = { ...contractor, role: INCIDENT.role, regions: [INCIDENT.region] };
  const bucket: Doing = {
    service: 's3',
    name: 'DeleteBucket',
    request: { bucketName: INCIDENT.bucket, Host: `${INCIDENT.bucket}.s3.amazonaws.com` },
    resources: [{ accountId: ACCOUNT, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${INCIDENT.bucket}` }],
  };
  const stop: Doing = { service: 'cloudtrail', name: 'StopLogging', request: { name: 'main' } };
  const notEmpty = { errorCode: 'BucketNotEmpty', errorMessage: 'The bucket you tried to delete is not empty' };
  const steps: readonly (readonly [number, Doing, Failure?])[] = [
    [0, { service: 's3', name: 'ListBuckets', readOnly: true, request: { Host: 's3.amazonaws.com' } }],
    [40, { ...bucket, name: 'GetBucketPolicy', readOnly: true }],
    [95, { ...bucket, name: 'DeleteBucketPolicy' }],
    [130, bucket, notEmpty],
    [420, bucket],
    [455, stop, denial(actor, stop)],
  ];
  return steps.flatMap(([seconds, doing, failure]) => make(actor, doing, endMs - HOUR_MS + seconds * 1_000, failure));
}
