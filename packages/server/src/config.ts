import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { OperatorError, systemErrorCode } from './base/errors.ts';

/**
 * The settings: one schema for flags (`--data-dir`), environment (`OPENTRAIL_DATA_DIR`) and file (`dataDir` in
 * opentrail.json). A flag wins over the environment, the environment over the file, the file over the default.
 */

/** The Regions that every AWS account has enabled from the start; multi-Region trails keep a digest chain in each. */
const DEFAULT_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
  'sa-east-1',
];

const DAY_SECONDS = 86_400;
const port = z.coerce.number().int().min(0).max(65_535);
const seconds = (max: number) => z.coerce.number().min(1).max(max);
const flag = z.union([z.boolean(), z.stringbool()]);
const auditMode = z.enum(['before-answer', 'after-answer', 'drop-and-count']);
const commaList = z.union([z.array(z.string()), z.string().transform((s) => s.split(',').map((p) => p.trim()))]);

/** A destination that may be elsewhere. */
const outside = (what: string, example: string) =>
  z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(`Another ${what}: ${example}; none: that of this server`);

const SETTINGS = {
  dataDir: z.string().min(1).default('./opentrail-data').describe('Folder that holds everything OpenTrail keeps'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
  port: port.default(4570).describe('Port of the AWS endpoint, for all services; 0 takes a free one'),
  tlsCert: z
    .string()
    .optional()
    .describe('PEM file with the certificate chain; with --tls-key the endpoint speaks HTTPS'),
  tlsKey: z.string().optional().describe('PEM file with the private key of --tls-cert'),
  hostSuffixes: commaList
    .default(['localhost', 's3.localhost', 'localhost.localstack.cloud'])
    .describe('Host names under which <bucket>.<suffix> addresses a bucket'),
  accountId: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .default('123456789012')
    .describe('The account made at first start'),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default('us-east-1')
    .describe('The Region of requests that carry no signature'),
  regions: commaList
    .default(DEFAULT_REGIONS)
    .describe('Enabled Regions: where multi-Region trails have shadows and digest chains'),
  historyDays: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(90)
    .describe('How far back LookupEvents reaches, in days of event time'),
  retentionDays: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(90)
    .describe('How long the Log keeps an event after accepting it, in days'),
  deliveryIntervalSeconds: seconds(DAY_SECONDS).default(300).describe('How often a trail delivers log files'),
  digestIntervalSeconds: seconds(DAY_SECONDS)
    .default(3600)
    .describe('How often a trail with validation delivers a digest'),
  insightsWarmUpSeconds: z.coerce
    .number()
    .min(60)
    .max(7 * DAY_SECONDS)
    .default(1.5 * DAY_SECONDS)
    .describe('How long an account is observed before its first Insights (AWS: up to 36 hours)'),
  insightsLatenessSeconds: z.coerce
    .number()
    .min(60)
    .max(3600)
    .default(300)
    .describe('How late events may come and still be among what Insights are found in; they end that much later'),
  logFileBytesMax: z.coerce
    .number()
    .int()
    .min(1024)
    .max(50_000_000)
    .default(50_000_000)
    .describe('Size at which a log file is delivered early, uncompressed bytes (AWS: 50 MB)'),
  segmentEventsMax: z.coerce
    .number()
    .int()
    .min(100)
    .max(131_072)
    .default(131_072)
    .describe('Events in a segment of the Log; smaller ones are sealed sooner and make look-ups slower'),
  auditManagement: auditMode
    .default('before-answer')
    .describe('When the answer of a management call may leave, relative to its record'),
  auditData: auditMode.default('before-answer').describe('The same for data calls such as S3 GetObject'),
  oidcInternal: commaList
    .pipe(z.array(z.url({ protocol: /^https?$/ })))
    .default([])
    .describe(
      'OpenID Connect providers within your network, or without HTTPS, that IAM may trust: https://idp.corp,http://127.0.0.1:8080. Others must be public',
    ),
  upstream: commaList
    .default([])
    .describe(
      'What the capture gateway stands before, by service: s3=http://127.0.0.1:9000,*=http://127.0.0.1:5000; none: no gateway',
    ),
  console: flag.default(true).describe('Serve the console, the web pages of OpenTrail'),
  consolePort: port.default(4571).describe('Port of the console; 0 takes a free one'),
  consoleHost: z.string().min(1).optional().describe('Address on which the console listens (default: that of --host)'),
  consoleUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where browsers reach the console, when a proxy or a name of its own stands before it: https://audit.example.com',
    ),
  gatewayPort: port.default(4572).describe('Port of the capture gateway; 0 takes a free one'),
  gatewayDir: z
    .string()
    .min(1)
    .default('./opentrail-gateway')
    .describe('Folder of a gateway on its own: records on their way to the server, and who it has learned is who'),
  sendTo: z
    .string()
    .optional()
    .describe('The server that a gateway on its own sends its records to (default: the AWS endpoint of this machine)'),
  healthPort: port.default(4573).describe('Port of /healthz, /readyz and /metrics of a gateway on its own'),
  gatewayTls: z
    .enum(['off', 'local-ca'])
    .default('off')
    .describe('HTTPS for the gateway: local-ca makes a certificate authority and certificates of its own'),
  gatewayTlsCert: z
    .string()
    .optional()
    .describe('PEM file with the certificate chain of the gateway; with --gateway-tls-key it speaks HTTPS'),
  gatewayTlsKey: z.string().optional().describe('PEM file with the private key of --gateway-tls-cert'),
  identities: z.string().optional().describe('JSON file that names users, roles and keys which the gateway meets'),
  signatures: z
    .enum(['pass', 'verify', 'require'])
    .default('pass')
    .describe(
      'What the gateway does with signatures: pass them on, verify those whose secret it knows, or also refuse those whose secret it does not know',
    ),
  upstreamProfile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Profile of AWS's shared credentials file with which the gateway signs anew what it has verified; read again on SIGHUP",
    ),
  forgetIdentities: flag
    .default(false)
    .describe('Drop what the gateway learned of access keys where it was sealed with a key that is lost'),
  models: z
    .string()
    .optional()
    .describe('Folder with newer service models (botocore service-2.json, Smithy JSON) for the gateway'),
  upstreamCa: z.string().optional().describe('PEM file with the authorities that upstreams on HTTPS are trusted by'),
  upstreamTimeoutSeconds: seconds(3600)
    .default(120)
    .describe('How long an upstream may be silent before the client gets a 504'),
  kmsMaster: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Key of another KMS under which the master key of this one is kept: its ARN, or https://host/<key id>?region=…; none: a file in the data folder',
    ),
  encryptObjects: z
    .enum(['all', 'kms'])
    .default('all')
    .describe(
      'Which objects are encrypted on the disk: all, or only those under a key of KMS (writes 200 MB about 0.2 s sooner)',
    ),
  objectsEndpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Another S3 (AWS, MinIO, Ceph …) to which all trails deliver: https://s3.eu-west-1.amazonaws.com; none: the S3 of this server',
    ),
  objectsRegion: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default('us-east-1')
    .describe('The Region for which requests to --objects-endpoint are signed'),
  objectsProfile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Profile of AWS's shared credentials file with the keys for --objects-endpoint, read at each request; none: AWS_ACCESS_KEY_ID … of the environment",
    ),
  objectsAddressing: z
    .enum(['path', 'virtual-host'])
    .default('path')
    .describe('How --objects-endpoint names buckets: https://host/bucket or https://bucket.host'),
  topicsEndpoint: outside('SNS, to whose topics services publish', 'https://sns.eu-west-1.amazonaws.com'),
  queuesEndpoint: outside('SQS, to whose queues services send', 'https://sqs.eu-west-1.amazonaws.com'),
  logsEndpoint: outside('CloudWatch Logs, to whose groups services write', 'https://logs.eu-west-1.amazonaws.com'),
  metricsEndpoint: outside(
    'CloudWatch, which gets what metric filters count',
    'https://monitoring.eu-west-1.amazonaws.com',
  ),
  eventsEndpoint: outside('EventBridge, which alarms and buckets tell', 'https://events.eu-west-1.amazonaws.com'),
  outsideProfile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Profile of AWS's shared credentials file with the keys for --topics-endpoint, --queues-endpoint, --logs-endpoint, --metrics-endpoint and --events-endpoint, read at each request; none: AWS_ACCESS_KEY_ID … of the environment",
    ),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe(
      'Where others reach the AWS endpoint, for links in messages of SNS: https://audit.example.com (default: the address that it listens on)',
    ),
  smtpUrl: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .describe(
      'Mail server for SNS subscribers by email: smtp://user:password@mail.example.com:587, or smtps://; none: no email',
    ),
  mailFrom: z.string().min(3).default('OpenTrail <no-reply@localhost>').describe('The sender of emails'),
  rateQuotas: flag.default(false).describe("Enforce AWS's request quotas (2 LookupEvents a second …)"),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('How much to log to stderr'),
} as const;

export const configSchema = z.strictObject(SETTINGS);
export type Config = Readonly<z.infer<typeof configSchema>>;
export type SettingName = keyof typeof SETTINGS;

export interface SettingInfo {
  readonly name: SettingName;
  readonly flag: string;
  readonly env: string;
  readonly description: string;
  readonly boolean: boolean;
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

const BOOLEAN: ReadonlySet<SettingName> = new Set(['rateQuotas', 'forgetIdentities']);

/** Every setting with its flag, environment variable and description, for `--help`, `config show` and the docs. */
export const settings: readonly SettingInfo[] = (Object.keys(SETTINGS) as SettingName[]).map((name) => ({
  name,
  flag: `--${kebab(name)}`,
  env: `OPENTRAIL_${kebab(name).replaceAll('-', '_').toUpperCase()}`,
  description: SETTINGS[name].description ?? '',
  boolean: BOOLEAN.has(name),
}));

const KEY_PAIRS = [
  ['tlsCert', 'tlsKey'],
  ['gatewayTlsCert', 'gatewayTlsKey'],
] as const;

export type Source = 'default' | 'file' | 'environment' | 'flag';

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

export interface ConfigInputs {
  /** Settings given as flags, by setting name. */
  readonly flags?: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A file that must exist; without it `./opentrail.json` is read if there is one. */
  readonly file?: string | undefined;
}

/** Gathers the settings. @throws OperatorError naming the setting, where it came from and what it may be */
export function loadConfig(inputs: ConfigInputs): LoadedConfig {
  const fromFile = readConfigFile(inputs.file);
  const values: Partial<Record<SettingName, unknown>> = {};
  const sources = {} as Record<SettingName, Source>;
  for (const { name, env } of settings) {
    const candidates: [Source, unknown][] = [
      ['flag', inputs.flags?.[name]],
      ['environment', inputs.env?.[env] === '' ? undefined : inputs.env?.[env]],
      ['file', fromFile[name]],
    ];
    const [source, value] = candidates.find(([, v]) => v !== undefined) ?? ['default', undefined];
    sources[name] = source as Source;
    if (value !== undefined) values[name] = value;
  }
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) throw new OperatorError(describeProblem(parsed.error, sources));
  for (const [cert, key] of KEY_PAIRS) {
    if ((parsed.data[cert] === undefined) !== (parsed.data[key] === undefined)) {
      throw new OperatorError(`Settings ${cert} and ${key} go together: give both, or neither for plain HTTP.`);
    }
  }
  const contradiction = contradictionIn(parsed.data);
  if (contradiction !== undefined) throw new OperatorError(contradiction);
  return { config: parsed.data, sources };
}

const OUTSIDE = ['topicsEndpoint', 'queuesEndpoint', 'logsEndpoint', 'metricsEndpoint', 'eventsEndpoint'] as const;

function contradictionIn(config: Config): string | undefined {
  const { gatewayTls, gatewayTlsCert, signatures, upstreamProfile, objectsEndpoint, objectsProfile } = config;
  if (gatewayTls !== 'off' && gatewayTlsCert !== undefined) {
    return 'Settings gatewayTls and gatewayTlsCert contradict each other: the gateway has one certificate or makes its own.';
  }
  if (upstreamProfile !== undefined && signatures === 'pass') {
    return 'Setting upstreamProfile needs signatures to be verify or require: only what was verified is signed anew, or anybody would act with these keys.';
  }
  if (objectsProfile !== undefined && objectsEndpoint === undefined) {
    return 'Setting objectsProfile needs objectsEndpoint: the store that these keys are for.';
  }
  if (config.outsideProfile !== undefined && OUTSIDE.every((name) => config[name] === undefined)) {
    return `Setting outsideProfile needs one of ${OUTSIDE.join(', ')}: what these keys are for.`;
  }
  return undefined;
}

function readConfigFile(file: string | undefined): Record<string, unknown> {
  const path = file ?? './opentrail.json';
  if (file === undefined && !existsSync(path)) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = systemErrorCode(error) ?? (error as Error).message;
    throw new OperatorError(
      `Cannot read the configuration file ${path}: ${why}. It must be a JSON object of settings.`,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new OperatorError(`The configuration file ${path} must hold a JSON object of settings.`);
  }
  const unknown = Object.keys(parsed).find((key) => !(key in SETTINGS));
  if (unknown !== undefined) {
    throw new OperatorError(
      `The configuration file ${path} has an unknown setting "${unknown}". \`opentrail config show\` lists them all.`,
    );
  }
  return parsed as Record<string, unknown>;
}

function describeProblem(error: z.ZodError, sources: Record<SettingName, Source>): string {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? '') as SettingName;
  const info = settings.find((s) => s.name === name);
  const where = {
    flag: info?.flag,
    environment: info?.env,
    file: `"${name}" in the configuration file`,
    default: name,
  }[sources[name] ?? 'default'];
  return `Bad setting ${where}: ${issue?.message}. ${info?.description ?? ''}`.trim();
}

/** Where this machine's own clients find the server. */
export function ownUrl({ host, tlsCert }: Pick<Config, 'host' | 'tlsCert'>, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tlsCert === undefined ? 'http' : 'https'}://${name}:${port}`;
}
