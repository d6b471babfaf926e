import { createHash, createHmac } from 'node:crypto';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { RunningOpenTrail } from './opentrail.ts';

/** AWS's own clients for JavaScript, pointed at a server. Retries are off unless asked for: tests want to see answers. */
export const clientConfig = (server: RunningOpenTrail, region = 'us-east-1', maxAttempts = 1) => ({
  endpoint: server.endpoint,
  region,
  maxAttempts,
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
});

export const cloudTrail = (server: RunningOpenTrail, region?: string) =>
  new CloudTrailClient(clientConfig(server, region));
export const s3 = (server: RunningOpenTrail) => new S3Client({ ...clientConfig(server), forcePathStyle: true });

/** Every object under a prefix, by key. */
export async function readBucket(client: S3Client, bucket: string, prefix: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    for (const { Key } of page.Contents ?? []) {
      const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      found.set(Key!, Buffer.from(await object.Body!.transformToByteArray()));
    }
    token = page.NextContinuationToken;
  }
  return found;
}

type Signer = Pick<RunningOpenTrail, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>;
interface SigningOptions {
  readonly service?: string;
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request signed by hand (SigV4), for what no AWS client sends: OpenTrail's own operations and broken requests. */
export function signedFetch(
  server: Signer,
  method: string,
  pathAndQuery: string,
  body: Buffer | string = '',
  options: SigningOptions & { readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const { host: _host, ...headers } = signedHeaders(server, method, pathAndQuery, body, options);
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return fetch(new URL(pathAndQuery, server.endpoint), {
    method,
    headers,
    ...(hasBody && { body }),
    ...(options.signal && { signal: options.signal }),
  });
}

/** All headers of a signed request, `host` among them. */
export function signedHeaders(
  server: Signer,
  method: string,
  pathAndQuery: string,
  body: Buffer | string = '',
  options: SigningOptions = {},
): Record<string, string> {
  const { service = 'opentrail', region = 'us-east-1' } = options;
  const url = new URL(pathAndQuery, server.endpoint);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const hash = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
  const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();
  const headers: Record<string, string> = {
    ...options.headers,
    host: url.host,
    'x-amz-date': stamp,
    'x-amz-content-sha256': hash(body),
  };
  const names = Object.keys(headers)
    .map((n) => n.toLowerCase())
    .sort();
  const query = [...url.searchParams]
    .map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`)
    .sort()
    .join('&');
  const canonical = [
    method,
    url.pathname,
    query,
    ...names.map((n) => `${n}:${headers[n]}`),
    '',
    names.join(';'),
    hash(body),
  ].join('\n');
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash(canonical)}`;
  const key = [region, service, 'aws4_request'].reduce(
    (k: Buffer, part) => hmac(k, part),
    hmac(`AWS4${server.secretAccessKey}`, stamp.slice(0, 8)),
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, toSign).toString('hex')}`;
  return { ...headers, authorization };
}
