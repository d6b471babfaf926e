import { ApiError } from './error.ts';

/** Far above the largest record (256 KB, with an event's own context): a line that goes on and on is no NDJSON. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

/** The values of an NDJSON stream as they arrive; a last line without its end is one, too. */
export async function* readNdjson<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      if (rest.length > LINE_CHARACTERS_MAX)
        throw new ApiError('InvalidAnswer', 'A line of the answer is too long.', 0);
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
