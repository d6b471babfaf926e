import { OperatorError, systemErrorCode } from './base/errors.ts';
import { runCommand } from './cli/index.ts';
import { printable } from './cli/printable.ts';

// `| head` has seen enough: the work itself is done to its end. What cannot be written for another reason ends it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') return;
    process.stderr.write(`opentrail: Cannot write the output: ${systemErrorCode(error) ?? error.message}.\n`);
    process.exit(1);
  });
}

/** What the operator must mend is told in a sentence; only our own bugs show their stack. */
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  const text = error instanceof OperatorError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`opentrail: ${String(text).split('\n').map(printable).join('\n')}\n`);
  process.exitCode = 1;
}
