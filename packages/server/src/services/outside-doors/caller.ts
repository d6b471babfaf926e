import type { Clock } from '../../base/clock.ts';
import { AwsError, Pushback } from '../../base/errors.ts';
import { decodeError } from '../../wire/codec/error-read.ts';
import type { Credentials } from '../../wire/sigv4/index.ts';
import { readEndpoint } from '../outside-objects/address.ts';
import { createAsking, type OutsideAnswer } from '../outside-objects/asking.ts';

export interface OutsidePlace {
  /** `http(s)://host[:port]` */
  readonly endpoint: string;
  /** The setting that it is from: `--topics-endpoint`. */
  readonly setting: string;
}

export interface OutsideCallerOptions extends OutsidePlace {
  /** `SNS`, for messages. */
  readonly name: string;
  /** The signing name. */
  readonly service: string;
  /** Asked at every request. */
  readonly credentials: () => Credentials;
  readonly clock: Clock;
}

export interface OutsideCaller {
  /** Of a Region: AWS has an endpoint for each, others serve all at one. */
  urlFor(region: string): URL;
  /** The Region that AWS's endpoints have in their name. */
  readonly region: string | undefined;
  /** @returns the XML of a success. @throws AwsError, Pushback */
  query(region: string, parameters: Readonly<Record<string, string>>): Promise<string>;
  /** @param target of `x-amz-target`. @returns the JSON object of a success. @throws AwsError, Pushback */
  json(
    region: string,
    version: '1.0' | '1.1',
    target: string,
    input: object,
  ): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

export const PROFILE_SETTING = '--outside-profile';

/** Somebody waits for some of these calls (CreateTrail, subscriptions); the others come again. */
const CALL_MS_MAX = 20_000;
/** As many as a courier has under way for one destination. */
const CONNECTIONS_MAX = 16;
/** A message id, a list of ten entries, an error. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** `sns.eu-west-1.amazonaws.com`, and the same of VPC endpoints, China and dual stacks. */
const AWS_HOST = /^(.*\b)([a-z]{2}(?:-[a-z]+)+-\d+)(\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws))$/;
/** What waiting, or the operator, mends: others' overload, and keys that are being changed. */
const PASSING =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Unavailable|Internal(?:Failure|Error|ServerError|ServiceError)|ServiceFailure|OverLimit|Expired|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|Signature|MissingAuthenticationToken|RequestTimeTooSkewed/;

/**
 * Calls one of AWS's services, or what stands for it, with the operator's keys. A refusal is an AwsError with the
 * service's own code; what may pass without anybody changing the call is a Pushback.
 * @throws OperatorError when the endpoint is none
 */
export function createOutsideCaller(options: OutsideCallerOptions): OutsideCaller {
  const { name, service, credentials, clock } = options;
  const base = readEndpoint(options.setting, options.endpoint, PROFILE_SETTING);
  const whom = `the ${name} outside`;
  const asking = createAsking({
    ...{ whom, credentials, clock },
    ...{ connections: CONNECTIONS_MAX, callMsMax: CALL_MS_MAX, answerBytesMax: ANSWER_BYTES_MAX },
  });

  /** AWS has an endpoint for each Region; others serve all at one. */
  const urlFor = (region: string) =>
    new URL(
      `${base.protocol}//${base.host.replace(AWS_HOST, (_, before, _region, after) => before + region + after)}/`,
    );

  async function call(region: string, headers: Readonly<Record<string, string>>, text: string): Promise<string> {
    const body = Buffer.from(text);
    const answer = await asking.ask({
      ...{ method: 'POST', url: urlFor(region), region, service, body },
      headers: { ...headers, 'content-length': String(body.length) },
    });
    const { status } = answer;
    if (status >= 200 && status < 300) return answer.body.toString('utf8');
    const { code, message } = decodeError(undefined, answer);
    // Of signatures AWS tells what was signed, a session's token with it.
    const why = `${whom} answered ${code}${code.includes('Signature') ? '' : `: ${message}`}`;
    const mayPass = status >= 500 || status === 429 || PASSING.test(code) || !saysWhy(answer);
    if (mayPass) throw new Pushback(why);
    throw new AwsError(code, why, { status });
  }

  return {
    urlFor,
    region: AWS_HOST.exec(base.hostname)?.[2],
    query: (region, parameters) =>
      call(
        region,
        { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        new URLSearchParams(parameters).toString(),
      ),
    async json(region, version, target, input) {
      const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
      const text = await call(region, headers, JSON.stringify(input));
      return readObject(text) ?? unlike(whom);
    },
    close: () => asking.close(),
  };
}

/** Whether it is an error of a service; others are of proxies on the way, and the operator's to mend. */
const saysWhy = ({ headers, body }: OutsideAnswer): boolean =>
  headers['x-amzn-errortype'] !== undefined || /"__type"|<Code>/.test(body.toString('utf8'));

/** A page of a proxy with status 200 is no acknowledgement. */
export function unlike(whom: string): never {
  throw new Pushback(`${whom} did not answer as such a service does`);
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
