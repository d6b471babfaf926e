import { Command, CommanderError } from 'commander';

/** Exit code for a command line that could not be understood, as shells and commander have it. */
const USAGE = 2;

/** What commander made of a command's flags. */
export type Options = Readonly<Record<string, unknown>>;

/** `opentrail`, still without commands. */
export const createProgram = (): Command =>
  new Command('opentrail')
    .description('The AWS CloudTrail that anyone can run')
    .option('--config <file>', 'file with settings as JSON (default: ./opentrail.json, if there is one)')
    .exitOverride();

/** Runs what the arguments say. @returns its exit code, as far as commander knows one */
export async function parse(program: Command, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
}
