import type { Clock } from '../../base/clock.ts';
import { OperatorError, Pushback, systemErrorCode } from '../../base/errors.ts';
import { createSigningClient, readAnswer, type SignedCall } from '../../wire/signing-client.ts';
import type { Credentials } from '../../wire/sigv4/index.ts';

export interface AskingOptions {
  /** Who is asked, for messages: `the object store`. */
  readonly whom: string;
  /** Asked at every request. */
  readonly credentials: () => Credentials;
  readonly clock: Clock;
  readonly connections: number;
  /** For a call, its answer included. */
  readonly callMsMax: number;
  readonly answerBytesMax: number;
}

export interface OutsideAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Question = Omit<SignedCall, 'credentials' | 'signal'>;

export interface Asking {
  /** @throws Pushback when there is no answer, or no keys to ask with */
  ask(question: Question): Promise<OutsideAnswer>;
  close(): void;
}

/** What a kept connection does that its server has just closed: the call was not answered, and goes once more. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Asks a service outside with the operator's keys. Nothing is repeated but what a closed connection cut off. */
export function createAsking(options: AskingOptions): Asking {
  const { whom, credentials, clock, connections, callMsMax, answerBytesMax } = options;
  const client = createSigningClient({ clock, connections });

  async function once(question: Question, signal: AbortSignal): Promise<OutsideAnswer> {
    const answer = await client.send({ ...question, credentials: credentials(), signal });
    const heads = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
    const body = await readAnswer(answer, answerBytesMax);
    return { status: answer.statusCode ?? 0, headers: Object.fromEntries(heads), body };
  }

  return {
    async ask(question) {
      const late = new AbortController();
      const cancel = clock.after(callMsMax, () => late.abort());
      try {
        return await once(question, late.signal).catch((error) => {
          if (CLOSED.has(systemErrorCode(error) ?? '') && !late.signal.aborted) return once(question, late.signal);
          throw error;
        });
      } catch (error) {
        const why = late.signal.aborted
          ? `no answer within ${callMsMax / 1000} s`
          : error instanceof OperatorError
            ? 'its keys cannot be read' // where they were looked for is not for callers to know
            : (systemErrorCode(error) ?? (error as Error).message);
        throw new Pushback(`${whom} cannot be reached: ${why}`, undefined, { cause: error });
      } finally {
        cancel();
      }
    },
    close: () => client.close(),
  };
}
