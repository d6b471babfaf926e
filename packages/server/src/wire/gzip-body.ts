import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AwsError, systemErrorCode } from '../base/errors.ts';

const unzip = promisify(gunzip);

/**
 * The body as the service's codec reads it. SDKs compress the bodies of operations that carry a lot (Smithy's
 * `requestCompression`: PutMetricData); what was signed is the compressed body. For S3 the header is the object's own.
 * @throws AwsError SerializationException, RequestEntityTooLargeException
 */
export async function uncompressed(
  bytes: Buffer,
  contentEncoding: string | undefined,
  sizeBytesMax: number,
): Promise<Buffer> {
  const encodings = (contentEncoding ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (!encodings.includes('gzip') || bytes.length === 0) return bytes;
  try {
    return await unzip(bytes, { maxOutputLength: sizeBytesMax });
  } catch (error) {
    if (systemErrorCode(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new AwsError('RequestEntityTooLargeException', `The body has more than ${sizeBytesMax} bytes.`, {
        status: 413,
      });
    }
    throw new AwsError('SerializationException', 'The body is not what its Content-Encoding says: gzip.');
  }
}
