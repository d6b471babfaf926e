import { expect, test, vi } from 'vitest';
import { bring, fileName, type Progress, type Sink } from './download.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function memorySink() {
  const written: string[] = [];
  const sink: Sink = {
    write: async (piece) => void written.push(new TextDecoder().decode(piece)),
    close: vi.fn(async () => undefined),
    discard: vi.fn(async () => undefined),
  };
  return { sink, written };
}

const streamOf = (pieces: readonly string[], error?: Error) => {
  const waiting = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = waiting.shift();
        if (piece !== undefined) controller.enqueue(bytes(piece));
        else if (error) controller.error(error);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
};

test('all bytes arrive, then it becomes a file', async () => {
  const { sink, written } = memorySink();
  const told: Progress[] = [];
  await bring(streamOf(['a\nb\n', 'cd\ne']), sink, (progress) => told.push(progress), new AbortController().signal);
  expect(written.join('')).toBe('a\nb\ncd\ne');
  expect(told).toEqual([{ bytesCount: 8, linesCount: 3 }]);
  expect(sink.close).toHaveBeenCalledOnce();
  expect(sink.discard).not.toHaveBeenCalled();
});

test('a stream that breaks off is told, and leaves no file', async () => {
  const { sink } = memorySink();
  const broken = streamOf(['ab'], new TypeError('network error'));
  await expect(bring(broken, sink, () => undefined, new AbortController().signal)).rejects.toThrow('broke off');
  expect(sink.close).not.toHaveBeenCalled();
  expect(sink.discard).toHaveBeenCalledOnce();
});

test('a cancelled download leaves no file', async () => {
  const { sink } = memorySink();
  const abort = new AbortController();
  const stream = streamOf(['ab', 'cd']);
  const slow: Sink = { ...sink, write: async () => abort.abort() };
  await expect(bring(stream, slow, () => undefined, abort.signal)).rejects.toThrow(/abort/i);
  expect(sink.close).not.toHaveBeenCalled();
  expect(sink.discard).toHaveBeenCalledOnce();
});

test('a full disk is told', async () => {
  const { sink } = memorySink();
  const full: Sink = { ...sink, write: () => Promise.reject(new Error('disk full')) };
  await expect(bring(streamOf(['ab']), full, () => undefined, new AbortController().signal)).rejects.toThrow(
    'disk full',
  );
  expect(sink.discard).toHaveBeenCalledOnce();
});

test('names hold no characters that a system refuses', () => {
  expect(fileName(Date.UTC(2026, 0, 31, 10), 'csv')).toBe('opentrail-events-2026-01-31T10-00-00Z.csv');
});
