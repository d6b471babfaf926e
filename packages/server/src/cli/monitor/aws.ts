import { OperatorError } from '../../base/errors.ts';
import type { OpenTrailClient } from '../client.ts';

/** Calls of AWS's operations that the commands of monitoring make, against OpenTrail. */
export interface Aws {
  /** @throws OperatorError with the error's code in front */
  cloudTrail<T>(operation: string, input: object): Promise<T>;
  logs<T>(operation: string, input: object): Promise<T>;
  cloudWatch<T>(operation: string, input: object): Promise<T>;
  /** Services that speak the query protocol alone. @returns the answer's XML */
  sns(operation: string, input: Readonly<Record<string, string>>): Promise<string>;
  iam(operation: string, input: Readonly<Record<string, string>>): Promise<string>;
  sts(operation: string): Promise<string>;
  readonly region: string;
}

export function awsCalls(client: OpenTrailClient): Aws {
  const json =
    (service: string, prefix: string, version: '1.0' | '1.1') =>
    <T>(operation: string, input: object) =>
      client.json<T>('POST', '/', {
        service,
        headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${prefix}.${operation}` },
        body: Buffer.from(JSON.stringify(input)),
      });
  const query =
    (service: string, Version: string) =>
    async (Action: string, input: Readonly<Record<string, string>> = {}) => {
      const { status, body } = await client.fetched('POST', '/', {
        service,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(new URLSearchParams({ Action, Version, ...input }).toString()),
      });
      const xml = body.toString();
      if (status < 300) return xml;
      throw new OperatorError(
        `${textIn(xml, 'Code') ?? `HTTP ${status}`}: ${textIn(xml, 'Message') ?? xml.slice(0, 300)}`,
      );
    };
  return {
    cloudTrail: client.cloudTrail,
    logs: json('logs', 'Logs_20140328', '1.1'),
    cloudWatch: json('monitoring', 'GraniteServiceVersion20100801', '1.0'),
    sns: query('sns', '2010-03-31'),
    iam: query('iam', '2010-05-08'),
    sts: query('sts', '2011-06-15'),
    region: client.place.region,
  };
}

/** The text of the first element of a name, in what our own server wrote. */
export function textIn(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.replace(/&(quot|apos|lt|gt|amp|#\d+|#x[\da-f]+);/gi, (_whole, name: string) => {
    if (name.startsWith('#'))
      return String.fromCodePoint(Number(name.replace(/^#x?/i, (m) => (m.length > 1 ? '0x' : ''))));
    return ENTITIES[name.toLowerCase()]!;
  });
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };

export const isError = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof OperatorError && codes.some((code) => error.message.startsWith(`${code}:`));
