import { Readable } from 'node:stream';
import { bodyFacts } from '../../wire/body.ts';
import { CHECKSUM_BYTES, type ChecksumAlgorithm, checksumAlgorithm, createHasher } from '../../wire/checksum.ts';
import { invalidArgument, s3Error } from './errors.ts';
import type { StoredChecksum } from './model.ts';

const ALGORITHMS = Object.keys(CHECKSUM_BYTES) as ChecksumAlgorithm[];

/** The checksum among `ChecksumCRC32`, `ChecksumSHA256` … of an input. */
export function claimedChecksum(
  input: Readonly<Record<string, unknown>>,
): { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined {
  for (const algorithm of ALGORITHMS) {
    const value = input[`Checksum${algorithm}`];
    if (typeof value === 'string') return { algorithm, value };
  }
  return undefined;
}

/** The member of an output that carries it, with its type. */
export function shownChecksum(checksum: StoredChecksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

/** The same without the type, as parts have it. */
export function shownPartChecksum(checksum: StoredChecksum | undefined): Record<string, string> {
  return checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value } : {};
}

/** @throws AwsError InvalidRequest for one that we do not compute */
export function namedAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  const algorithm = checksumAlgorithm(name);
  if (!algorithm)
    throw s3Error('InvalidRequest', {
      message: `Checksum algorithm ${name} is not supported. Use one of ${ALGORITHMS.join(', ')}.`,
    });
  return algorithm;
}

/**
 * A body together with its checksum once it has ended: computed here by the wanted algorithm, or, when none is wanted,
 * the one that the client sent along, which the wire has verified.
 */
export function checksummed(
  body: Readable | Buffer,
  wanted: ChecksumAlgorithm | undefined,
): { readonly body: Readable | Buffer; readonly checksum: () => StoredChecksum | undefined } {
  const source = Buffer.isBuffer(body) ? undefined : body;
  const full = (c: { algorithm: ChecksumAlgorithm; value: string }): StoredChecksum => ({ ...c, type: 'FULL_OBJECT' });
  if (wanted === undefined) {
    return {
      body,
      checksum() {
        const verified = source && bodyFacts(source)?.checksum;
        return verified && full(verified);
      },
    };
  }
  const hasher = createHasher(wanted);
  async function* passing(): AsyncGenerator<Buffer> {
    for await (const chunk of source ? (source as AsyncIterable<Buffer>) : [body as Buffer]) {
      hasher.update(chunk);
      yield chunk;
    }
  }
  return {
    body: Readable.from(passing(), { objectMode: false }),
    checksum: () => full({ algorithm: wanted, value: hasher.digest().toString('base64') }),
  };
}

/** @throws AwsError InvalidArgument when a request names one algorithm and sends another's checksum */
export function checkSameAlgorithm(named: ChecksumAlgorithm | undefined, claimed: ChecksumAlgorithm | undefined): void {
  if (named && claimed && named !== claimed) {
    throw invalidArgument(
      'x-amz-sdk-checksum-algorithm',
      named,
      'Value for x-amz-sdk-checksum-algorithm header is invalid.',
    );
  }
}
