import { OperatorError } from '../../base/errors.ts';
import { SERVER_NAME } from '../../wire/server-name.ts';
import { uriEncode } from '../../wire/sigv4/index.ts';
import type { OpenTrailClient } from '../client.ts';
import { listedObjects, nextTokenIn } from './listing-page.ts';
import { readObjectFrames } from './object-frames.ts';
import type { PlacedSource } from './placed-source.ts';

const METADATA = 'x-amz-meta-';
const JSON_TYPE = { 'content-type': 'application/json' };

/** As `URL` writes them. */
const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** The largest log file: 50 MB before gzip, by AWS's rule; others' may be somewhat larger. */
const OBJECT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * A bucket behind any S3 endpoint, read with path-style addresses.
 * @param inBulk the store is known to be an OpenTrail, which gives many objects at once; a listing tells it, too
 */
export function s3Source(client: OpenTrailClient, bucket: string, inBulk = false): PlacedSource {
  let isOpenTrail = inBulk;
  const pathOf = (name: string, key: string) => `/${[name, ...key.split('/')].map(uriEncode).join('/')}`;

  async function page(prefix: string, token: string | undefined): Promise<string> {
    const query = { 'list-type': '2', 'encoding-type': 'url', prefix, 'continuation-token': token };
    const { status, headers, body } = await client.fetched('GET', `/${bucket}`, { service: 's3', query });
    isOpenTrail = headers.server === SERVER_NAME;
    if (status !== 200) throw problem(`list s3://${bucket}/${prefix}`, status, body);
    return body.toString('utf8');
  }

  return {
    name: `s3://${bucket}`,
    bucket,
    get place() {
      return { bucket, client: client.place, inBulk: isOpenTrail };
    },
    isServedHere: LOOPBACK.test(new URL(client.place.s3Endpoint ?? client.place.endpoint).hostname),
    inBucket: (name) => s3Source(client, name, isOpenTrail),
    async *list(prefix) {
      let next: Promise<string> | undefined = page(prefix, undefined);
      while (next) {
        const xml: string = await next;
        const token = nextTokenIn(xml);
        // On its way while this one is read. Should the reader lose interest first, nobody minds how it fares.
        next = token === undefined ? undefined : page(prefix, token);
        next?.catch(() => {});
        yield* listedObjects(xml);
      }
    },
    async *getMany(name, keys) {
      if (!isOpenTrail) return;
      try {
        const call = { headers: JSON_TYPE, body: Buffer.from(JSON.stringify({ Bucket: name, Keys: keys })) };
        const { status, body } = await client.request('POST', '/opentrail/v1/objects', call);
        if (status === 200) yield* readObjectFrames(body, OBJECT_BYTES_MAX);
        else body.resume();
      } catch {
        // An answer that broke off: the rest is asked for one by one, and that tells what is wrong.
      }
    },
    async get(name, key) {
      const path = pathOf(name ?? bucket, key);
      const quick = await client.quickGet(path);
      if (quick) return quick;
      const answer = await client.fetched('GET', path, { service: 's3' });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw problem(`read s3://${name ?? bucket}/${key}`, answer.status, answer.body);
      const entries = Object.entries(answer.headers).filter(([header]) => header.startsWith(METADATA));
      return {
        body: answer.body,
        metadata: Object.fromEntries(entries.map(([header, value]) => [header.slice(METADATA.length), String(value)])),
      };
    },
  };
}

function problem(what: string, status: number, body: Buffer): OperatorError {
  const text = body.toString('utf8');
  const code = /<Code>([^<]*)/.exec(text)?.[1] ?? `HTTP ${status}`;
  return new OperatorError(`Cannot ${what}: ${code}: ${/<Message>([^<]*)/.exec(text)?.[1] ?? ''}`);
}
