import type { Clock } from '../../base/clock.ts';
import { OperatorError } from '../../base/errors.ts';
import { type Credentials, signRequest } from '../../wire/sigv4/index.ts';

/** Another KMS that keeps the master key of this one. All its methods throw OperatorError. */
export interface ExternalMaster {
  generate(): Promise<{ readonly key: Buffer; readonly ciphertext: Buffer }>;
  encrypt(key: Buffer): Promise<Buffer>;
  decrypt(ciphertext: Buffer): Promise<Buffer>;
}

export interface ExternalMasterOptions {
  /** ARN of a key of AWS, or `https://host:port/<key id or alias>?region=…` of a KMS elsewhere. */
  readonly key: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

/** Binds the ciphertext to its purpose, and shows in that KMS's own audit log. */
const CONTEXT = { 'opentrail:purpose': 'kms-master-key' };
const KEY_BYTES = 32;
const TIMEOUT_MS = 30_000;

/** @throws OperatorError when the setting is neither ARN nor URL, or credentials are missing */
export function openExternalMaster(options: ExternalMasterOptions): ExternalMaster {
  const { endpoint, keyId, region } = readTarget(options.key);
  return {
    async generate() {
      const answer = await call('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT });
      return { key: bytesOf(answer, 'Plaintext', KEY_BYTES), ciphertext: bytesOf(answer, 'CiphertextBlob') };
    },
    async encrypt(key) {
      const input = { KeyId: keyId, Plaintext: key.toString('base64'), EncryptionContext: CONTEXT };
      return bytesOf(await call('Encrypt', input), 'CiphertextBlob');
    },
    async decrypt(ciphertext) {
      const input = { KeyId: keyId, CiphertextBlob: ciphertext.toString('base64'), EncryptionContext: CONTEXT };
      return bytesOf(await call('Decrypt', input), 'Plaintext', KEY_BYTES);
    },
  };

  async function call(operation: string, input: unknown): Promise<Readonly<Record<string, unknown>>> {
    const { clock, credentials } = options;
    const body = Buffer.from(JSON.stringify(input));
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` };
    const nowMs = clock.now();
    const signed = signRequest({
      method: 'POST',
      url: endpoint,
      headers,
      body,
      credentials,
      region,
      service: 'kms',
      nowMs,
    });
    const late = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => late.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    try {
      const { host: _host, ...sent } = signed.headers;
      const send = options.fetch ?? fetch;
      const answer = await send(signed.url, { method: 'POST', headers: sent, body, signal: late.signal });
      // What JSON.parse says of a broken answer quotes it, and it may hold the key.
      const read = (await answer.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
      if (answer.ok) return read;
      throw new Error(`${read.__type ?? answer.status}: ${read.message ?? read.Message ?? 'no reason given'}`);
    } catch (error) {
      throw new OperatorError(
        `The KMS at ${endpoint.origin} did not answer ${operation} for the master key ${keyId}: ${reasonOf(error)}. Mend --kms-master, its key or the credentials (AWS_ACCESS_KEY_ID …), and start again.`,
        { cause: error },
      );
    } finally {
      cancel();
    }
  }
}

/** Fetch says little itself; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function readTarget(text: string): { endpoint: URL; keyId: string; region: string } {
  const region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)\/.+$/.exec(text)?.[1];
  if (region !== undefined) {
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return { endpoint: new URL(`https://kms.${region}.${domain}/`), keyId: text, region };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const keyId = decodeURIComponent(url?.pathname.slice(1) ?? '');
  if (!url || !/^https?:$/.test(url.protocol) || keyId === '') {
    throw new OperatorError(
      'Bad setting --kms-master: it must be the ARN of a key, or https://host:port/<key id or alias>?region=<region>.',
    );
  }
  return { endpoint: new URL('/', url), keyId, region: url.searchParams.get('region') ?? 'us-east-1' };
}

function bytesOf(answer: Readonly<Record<string, unknown>>, member: string, length?: number): Buffer {
  const bytes = Buffer.from(String(answer[member] ?? ''), 'base64');
  if (bytes.length > 0 && (length === undefined || bytes.length === length)) return bytes;
  throw new OperatorError(`The KMS that keeps the master key gave no good ${member}.`);
}
