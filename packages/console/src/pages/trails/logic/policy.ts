/** Resource policies: what CloudTrail needs of one, what it lacks, and how the whole would read. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Document {
  readonly Version?: string;
  readonly Statement?: unknown;
}

export const CLOUDTRAIL = 'cloudtrail.amazonaws.com';

export interface TrailPlace {
  readonly trailArn: string;
  readonly accountId: string;
  readonly organizationId?: string | undefined;
}

/** What a trail's bucket must allow, as CloudTrail's user guide has it. */
export function bucketNeeds(
  bucket: string,
  prefix: string,
  { trailArn, accountId, organizationId }: TrailPlace,
): Statement[] {
  const bucketArn = `arn:aws:s3:::${bucket}`;
  const logs = `${bucketArn}/${prefix === '' ? '' : `${prefix}/`}AWSLogs`;
  const put = (Sid: string, folder: string): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: CLOUDTRAIL },
    Action: 's3:PutObject',
    Resource: `${logs}/${folder}/*`,
    Condition: { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceArn': trailArn } },
  });
  return [
    {
      Sid: 'AWSCloudTrailAclCheck20150319',
      Effect: 'Allow',
      Principal: { Service: CLOUDTRAIL },
      Action: 's3:GetBucketAcl',
      Resource: bucketArn,
      Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
    },
    put('AWSCloudTrailWrite20150319', accountId),
    ...(organizationId === undefined ? [] : [put('AWSCloudTrailOrganizationWrite20150319', organizationId)]),
  ];
}

export const topicNeeds = (topicArn: string, { trailArn }: TrailPlace): Statement[] => [
  {
    Sid: 'AWSCloudTrailSNSPolicy20131101',
    Effect: 'Allow',
    Principal: { Service: CLOUDTRAIL },
    Action: 'SNS:Publish',
    Resource: topicArn,
    Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
  },
];

/** What SNS itself gives a new topic: its owner may do all. */
export const ownersTopicPolicy = (topic: string, accountId: string): string =>
  pretty({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: topic,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });

export const keyNeeds = ({ trailArn, accountId }: TrailPlace): Statement[] => [
  {
    Sid: 'AllowCloudTrailEncryptLogs',
    Effect: 'Allow',
    Principal: { Service: CLOUDTRAIL },
    Action: 'kms:GenerateDataKey*',
    Resource: '*',
    Condition: {
      StringEquals: { 'aws:SourceArn': trailArn },
      StringLike: { 'kms:EncryptionContext:aws:cloudtrail:arn': `arn:aws:cloudtrail:*:${accountId}:trail/*` },
    },
  },
  {
    Sid: 'AllowCloudTrailDescribeKey',
    Effect: 'Allow',
    Principal: { Service: CLOUDTRAIL },
    Action: 'kms:DescribeKey',
    Resource: '*',
    Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
  },
];

export interface Merged {
  /** As it would be put; the present one where nothing is missing. */
  readonly text: string;
  readonly missing: readonly Statement[];
}

/**
 * The present policy with what it lacks.
 * @returns undefined when the present one is no JSON: then nobody but its author should change it
 */
export function mergedPolicy(present: string | undefined, needs: readonly Statement[]): Merged | undefined {
  const document = parsed(present);
  if (!document) return undefined;
  const kept = listOf(document.Statement) as readonly Statement[];
  const missing = needs.filter((need) => !kept.some((statement) => grants(statement, need)));
  if (missing.length === 0) return { text: pretty(document), missing };
  const sids = new Set(kept.map((statement) => Object(statement).Sid as unknown));
  const added = missing.map((need) => ({ ...need, Sid: freeSid(need.Sid ?? 'AWSCloudTrail', sids) }));
  return { text: pretty({ ...document, Statement: [...kept, ...added] }), missing };
}

export const pretty = (document: unknown): string => JSON.stringify(document, null, 2);

function parsed(text: string | undefined): Document | undefined {
  if (text === undefined || text === '') return { Version: '2012-10-17', Statement: [] };
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
const textsOf = (value: unknown): readonly string[] => listOf(value).filter((v): v is string => typeof v === 'string');

/**
 * Whether a statement of the policy gives what is needed, by what is plain to see: one that is told more cleverly is
 * taken for none, and then a statement too many is added. (Whether it is enough, CloudTrail itself proves at the end.)
 */
function grants(statement: Statement, need: Statement): boolean {
  if (Object(statement).Effect !== 'Allow' || !isCloudTrail(statement.Principal)) return false;
  const has = (wanted: unknown, given: unknown, fold: (text: string) => string) =>
    textsOf(wanted).every((text) => textsOf(given).some((pattern) => covers(fold(pattern), fold(text))));
  return (
    has(need.Action, statement.Action, (text) => text.toLowerCase()) &&
    has(need.Resource, statement.Resource, (text) => text) &&
    conditionsHold(statement, need)
  );
}

function isCloudTrail(principal: unknown): boolean {
  if (principal === '*') return true;
  const { Service: service, AWS: aws } = Object(principal) as { Service?: unknown; AWS?: unknown };
  return textsOf(service).some((name) => name === CLOUDTRAIL || name === '*') || textsOf(aws).includes('*');
}

/** Every condition of the statement is one that the need has too, with a value that it covers. */
function conditionsHold(statement: Statement, need: Statement): boolean {
  const wanted = new Map(
    Object.values(need.Condition ?? {}).flatMap((keys) =>
      Object.entries(keys).map(([key, value]) => [key.toLowerCase(), String(value)] as const),
    ),
  );
  return Object.entries(Object(statement.Condition ?? {})).every(([operator, keys]) =>
    Object.entries(Object(keys)).every(([key, values]) => {
      const value =
        wanted.get(key.toLowerCase()) ??
        (key.toLowerCase() === 'aws:sourceaccount' ? sourceAccount(wanted) : undefined);
      if (value === undefined || !/^(String|Arn)(Equals|Like)(IfExists)?$/i.test(operator)) return false;
      return textsOf(values).some((pattern) => covers(pattern, value));
    }),
  );
}

const sourceAccount = (wanted: ReadonlyMap<string, string>) => wanted.get('aws:sourcearn')?.split(':')[4];

/** Whether a pattern with `*` and `?` covers a text, which may hold `*` itself. In time that grows with their product at most. */
export function covers(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') [star, mark, p] = [p, t, p + 1];
    else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star >= 0) [mark, t, p] = [mark + 1, mark + 1, star + 1];
    else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function freeSid(wanted: string, taken: Set<unknown>): string {
  let sid = wanted;
  for (let n = 2; taken.has(sid); n++) sid = `${wanted}${n}`;
  taken.add(sid);
  return sid;
}
