import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import { type Objects, ObjectsError, type ObjectToPut } from '../../ports/objects.ts';
import { decodeError } from '../../wire/codec/error-read.ts';
import type { Credentials } from '../../wire/sigv4/index.ts';
import { createAddresses, regionNamedIn, type StorePlace } from './address.ts';
import { createAsking, type OutsideAnswer } from './asking.ts';

export interface OutsideObjectsOptions extends StorePlace {
  /** Asked at every request. */
  readonly credentials: () => Credentials;
  readonly clock: Clock;
}

export interface OutsideObjects extends Objects {
  close(): void;
}

/** Below what delivery gives a put (60 s), so that the reason is told by the one who knows it. */
const CALL_MS_MAX = 55_000;
/** Delivery has 8 puts under way; the rest is for the checks of CreateTrail and UpdateTrail. */
const CONNECTIONS_MAX = 16;
/** An ACL has at most 100 grants, an error a page of text. */
const ANSWER_BYTES_MAX = 256 * 1024;

interface Call {
  readonly method: 'GET' | 'PUT';
  readonly bucket: string;
  readonly key?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/**
 * Where trails deliver when it is an S3 elsewhere (AWS, MinIO, Ceph, another OpenTrail): all requests are signed with
 * the operator's keys for that store, and its own answer decides. Who asks (`ServiceCaller`) cannot be told to it.
 * Its refusals are ObjectsErrors with its codes; a store that is not there, or whose keys are missing, is a Pushback.
 * Nothing is repeated here but what a closed connection cut off: delivery has its own pauses.
 * @throws OperatorError when the endpoint is none
 */
export function openOutsideObjects(options: OutsideObjectsOptions): OutsideObjects {
  const addresses = createAddresses(options);
  const asking = createAsking({
    whom: 'the object store',
    credentials: options.credentials,
    clock: options.clock,
    connections: CONNECTIONS_MAX,
    callMsMax: CALL_MS_MAX,
    answerBytesMax: ANSWER_BYTES_MAX,
  });

  return {
    checkBucketAcl: (_caller, bucket) => settled({ method: 'GET', bucket, query: '?acl=' }),
    put: (_caller, object) =>
      settled({
        method: 'PUT',
        bucket: object.bucket,
        key: object.key,
        headers: headersOf(object),
        body: object.body,
      }),
    // The key is the store's to find and to judge: the marker that is put next, encrypted under it, proves it.
    checkKey: async (_caller, _bucket, kmsKeyId) => kmsKeyId,
    close: () => asking.close(),
  };

  /** @throws ObjectsError when the store refuses; Pushback when it does not answer */
  async function settled(call: Call): Promise<void> {
    let answer = await answered(call);
    const elsewhere = regionNamedIn(answer);
    if (elsewhere !== undefined && addresses.moved(call.bucket, elsewhere)) answer = await answered(call);
    if (answer.status < 300) return;
    // A proxy on the way says these, never a store.
    if (answer.status === 502 || answer.status === 504) throw new Pushback(`no object store answers: ${answer.status}`);
    const { code, message } = decodeError(undefined, answer);
    throw new ObjectsError(code, `The object store of bucket ${call.bucket} answered ${code}: ${message}`);
  }

  async function answered({ method, bucket, key, query, headers = {}, body }: Call): Promise<OutsideAnswer> {
    const { url, region } = addresses.of(bucket, key, query);
    return asking.ask({ method, url, headers, ...(body && { body }), region, service: 's3' });
  }
}

/**
 * Without a key of the trail's the bucket's default encryption holds: AWS makes that SSE-S3, and stores without any
 * refuse to be asked for it.
 */
function headersOf(object: ObjectToPut): Record<string, string> {
  const { body, contentType, contentEncoding, metadata = {}, acl, kmsKeyId } = object;
  return {
    'content-length': String(body.length),
    'content-type': contentType,
    'content-md5': createHash('md5').update(body).digest('base64'), // S3 asks for it where objects are locked
    ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...(acl !== undefined && { 'x-amz-acl': acl }),
    ...(kmsKeyId !== undefined && encryptionHeaders(kmsKeyId, object.kmsContext)),
  };
}

/** S3 adds the object's own ARN to the context by itself. */
function encryptionHeaders(kmsKeyId: string, context: ObjectToPut['kmsContext'] = {}): Record<string, string> {
  const { 'aws:s3:arn': _added, ...own } = context;
  return {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId,
    'x-amz-server-side-encryption-context': Buffer.from(JSON.stringify(own)).toString('base64'),
  };
}
