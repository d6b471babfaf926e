import { ApiError } from '../../api/error.ts';
import { clock } from '../../base/clock.ts';

/** Where a download's bytes go. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  /** All is there: now it becomes a file. */
  close(): Promise<void>;
  /** Nothing stays of it. */
  discard(): Promise<void>;
}

export interface FileKind {
  readonly name: string;
  readonly mimeType: string;
  readonly extension: string;
}

interface SavePicker {
  showSaveFilePicker?(options: {
    suggestedName: string;
    types: { description: string; accept: Record<string, string[]> }[];
  }): Promise<PickedFile>;
}

interface PickedFile {
  createWritable(): Promise<{
    write(bytes: Uint8Array): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
  remove?(): Promise<void>;
}

/**
 * A file of the person's choice, written as the bytes come; where the browser has none (it needs HTTPS or localhost), the
 * bytes are kept until all are there. Call it from a click.
 * @returns undefined when the person thought better of it
 */
export async function openSink({ name, mimeType, extension }: FileKind): Promise<Sink | undefined> {
  const { showSaveFilePicker } = window as SavePicker;
  if (showSaveFilePicker === undefined) return partsSink(name, mimeType);
  try {
    const file = await showSaveFilePicker.call(window, {
      suggestedName: name,
      types: [{ description: extension.toUpperCase(), accept: { [mimeType]: [`.${extension}`] } }],
    });
    return await fileSink(file);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    throw error;
  }
}

async function fileSink(file: PickedFile): Promise<Sink> {
  const writable = await file.createWritable();
  return {
    write: (bytes) => writable.write(bytes),
    close: () => writable.close(),
    async discard() {
      await writable.abort().catch(() => undefined);
      // The picker has made an empty file already.
      await file.remove?.().catch(() => undefined);
    },
  };
}

function partsSink(name: string, mimeType: string): Sink {
  let parts: BlobPart[] = [];
  return {
    async write(bytes) {
      parts.push(bytes as BlobPart);
    },
    async close() {
      const url = URL.createObjectURL(new Blob(parts, { type: mimeType }));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      parts = [];
      // The browser has taken hold of it by the time of the next task.
      clock.after(0, () => URL.revokeObjectURL(url));
    },
    async discard() {
      parts = [];
    },
  };
}

export interface Progress {
  readonly bytesCount: number;
  /** Ends of lines: about as many as events, in all formats. */
  readonly linesCount: number;
}

/** How often progress is told: more would be drawing, not reading. */
const TELL_EVERY_BYTES = 256 * 1024;

/**
 * Brings a body into a sink. Anything but the whole of it leaves nothing: half a file would look like a whole one.
 * @throws ApiError Incomplete when the stream broke off, the signal's reason when it was aborted, or what the sink threw
 */
export async function bring(
  body: ReadableStream<Uint8Array>,
  sink: Sink,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  let bytesCount = 0;
  let linesCount = 0;
  let told = 0;
  try {
    for (;;) {
      const { done, value } = await read(reader, signal);
      if (done) break;
      await sink.write(value);
      bytesCount += value.length;
      linesCount += linesIn(value);
      if (bytesCount - told < TELL_EVERY_BYTES) continue;
      told = bytesCount;
      tell({ bytesCount, linesCount });
    }
    signal.throwIfAborted();
    await sink.close();
    tell({ bytesCount, linesCount });
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    await sink.discard();
    throw error;
  }
}

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) count++;
  return count;
}
const LINE_END = 0x0a;

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal) {
  signal.throwIfAborted();
  try {
    return await reader.read();
  } catch {
    signal.throwIfAborted();
    throw new ApiError('Incomplete', 'The connection broke off before the end. No file was kept.', 0);
  }
}

/** `opentrail-events-2026-01-31T10-00-00Z.csv`: no colons, which Windows takes in no name. */
export const fileName = (nowMs: number, extension: string): string =>
  `opentrail-events-${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z.${extension}`;
