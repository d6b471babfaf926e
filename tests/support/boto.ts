import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface BotoCall {
  readonly service: string;
  readonly operation: string;
  readonly params: object;
  /** Access key id, secret and session token. */
  readonly key?: readonly string[];
  readonly userAgent?: string;
}

export interface BotoAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: answers of any AWS operation
  readonly response?: any;
  readonly error?: { readonly code: string; readonly message: string };
}

/** boto3 in a process of its own, which makes one call after another. */
export class Boto {
  readonly #python: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(endpoint: string) {
    const driver = new URL('../gateway/boto-driver.py', import.meta.url).pathname;
    this.#python = spawn('python3', [driver], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_CONFIG_FILE: '/dev/null', AWS_REGION: 'us-east-1' },
    });
    this.#answers = createInterface({ input: this.#python.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws Error when the call could not be made, as opposed to one that failed */
  async make(call: BotoCall): Promise<BotoAnswer> {
    this.#python.stdin!.write(`${JSON.stringify(call)}\n`);
    const line = await this.#answers.next();
    const answer = line.done ? { fault: 'boto3 ended' } : JSON.parse(line.value);
    if (answer.fault !== undefined) throw new Error(`${call.service} ${call.operation}: ${answer.fault}`);
    return answer;
  }

  end(): void {
    this.#python.stdin!.end();
  }
}
