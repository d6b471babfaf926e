import { OperatorError } from './base/errors.ts';
import { runCommand } from './cli/index.ts';
import { printable } from './cli/printable.ts';

/** What the operator must mend is told in a sentence; only our own bugs show their stack. */
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  const text = error instanceof OperatorError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`opentrail: ${String(text).split('\n').map(printable).join('\n')}\n`);
  process.exitCode = 1;
}
