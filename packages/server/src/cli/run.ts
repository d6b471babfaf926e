import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { printable } from './printable.ts';

/**
 * Runs a program's command line as all of its process. What the operator must mend is told in a sentence; only our own
 * bugs show their stack.
 * @param run takes the arguments and gives the exit code
 */
export async function runAsProcess(run: (args: readonly string[]) => Promise<number>): Promise<void> {
  // `| head` has seen enough: the work itself is done to its end. What cannot be written for another reason ends it.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (systemErrorCode(error) === 'EPIPE') return;
      process.stderr.write(`opentrail: Cannot write the output: ${systemErrorCode(error) ?? error.message}.\n`);
      process.exit(1);
    });
  }
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    const text = error instanceof OperatorError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`opentrail: ${String(text).split('\n').map(printable).join('\n')}\n`);
    process.exitCode = 1;
  }
}
