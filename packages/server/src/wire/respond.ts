import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { EncodedResponse } from './codec/index.ts';

/**
 * Sends an answer. Resolves when it has left, or when the client has gone (which is no error of ours).
 * @throws what the body stream threw while it was being sent; the connection is cut then, since the status has left
 */
export async function respond(res: ServerResponse, method: string, answer: EncodedResponse): Promise<void> {
  const { status, headers, body } = answer;
  const inMemory = Buffer.isBuffer(body);
  if (inMemory && headers['content-length'] === undefined && status !== 204 && status !== 304) {
    res.setHeader('content-length', body.length);
  }
  res.writeHead(status, headers);
  if (inMemory || method === 'HEAD') {
    if (!inMemory) body.destroy();
    res.end(inMemory && method !== 'HEAD' ? body : undefined);
    return;
  }
  try {
    await pipeline(body, res);
  } catch (error) {
    if (!res.destroyed && !res.errored) res.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
