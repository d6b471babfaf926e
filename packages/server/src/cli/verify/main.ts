import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { withClientsFor } from '../client.ts';
import { CLIENT_DEFAULTS } from '../endpoints.ts';
import { createProgram, parse } from '../program.ts';
import { runAsProcess } from '../run.ts';
import { addVerify, type VerifySettings } from './command.ts';

const DEFAULTS: VerifySettings = {
  add: (command) => command,
  use: (_options, use) => withClientsFor(CLIENT_DEFAULTS, use),
};

async function allSettings(program: Command): Promise<VerifySettings> {
  const [{ CLIENT_SETTINGS }, { withClients, withSettings }] = await Promise.all([
    import('../env.ts'),
    import('../settings.ts'),
  ]);
  return {
    add: (command) => withSettings(command, CLIENT_SETTINGS),
    use: (options, use) => withClients(program, options, use),
  };
}

/** Whether there is a flag that is none of the command's own, a variable or a file with settings. */
function mayBeSet(args: readonly string[]): boolean {
  const own = /^--(start-time|end-time|account-id|in-region|keys|concurrency|json|quiet)(=|$)/;
  const isSet = args.some((arg) => arg.startsWith('-') && !own.test(arg));
  return (
    isSet || Object.keys(process.env).some((name) => name.startsWith('OPENTRAIL_')) || existsSync('opentrail.json')
  );
}

/**
 * `opentrail verify` as a program of its own, which `scripts/build-bundle.mjs` makes few files of: to load all that the
 * other commands take as well would take as long as verifying a thousand log files. The schema of all settings takes a
 * quarter of what is left, and most people set none.
 */
await runAsProcess(async (args) => {
  let exitCode = 0;
  const program = createProgram();
  const done = (code: number) => {
    exitCode = code;
  };
  addVerify(program, done, mayBeSet(args) ? await allSettings(program) : DEFAULTS);
  return (await parse(program, args)) || exitCode;
});
