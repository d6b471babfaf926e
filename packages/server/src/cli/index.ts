import { Command, CommanderError, Option } from 'commander';
import { type ConfigInputs, type LoadedConfig, loadConfig, type SettingName, settings } from '../config.ts';
import { configJson, configTable } from './config-show.ts';
import { envExports } from './env.ts';

/** Exit code for a command line that could not be understood, as shells and commander have it. */
const USAGE = 2;

/** Runs one command line. @returns the exit code @throws OperatorError for what the operator must mend */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('opentrail')
    .description('The AWS CloudTrail that anyone can run')
    .option('--config <file>', 'file with settings as JSON (default: ./opentrail.json, if there is one)')
    .exitOverride();
  const done = (code: number) => {
    exitCode = code;
  };
  const print = (text: string) => process.stdout.write(`${text}\n`);

  withSettings(program.command('serve'), 'all')
    .description('serve the AWS endpoint until told to stop')
    .action(async (options) => done(await (await import('./serve.ts')).serve(load(program, options).config)));

  withSettings(program.command('env'), ['dataDir', 'host', 'port', 'tlsCert', 'tlsKey', 'region'])
    .description('print the exports with which AWS clients find this OpenTrail: eval "$(opentrail env)"')
    .option('--profile <name>', 'profile of the credentials file', 'opentrail')
    .action((options) => print(envExports(load(program, options).config, options.profile)));

  const config = program.command('config').description('the settings');
  withSettings(config.command('show'), 'all')
    .description('show every setting, its value and where it comes from')
    .option('--json', 'as JSON')
    .action((options) => print((options.json ? configJson : configTable)(load(program, options))));

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
  return exitCode;
}

/** Adds the flags of these settings; what they may be is checked by `loadConfig`. */
function withSettings(command: Command, names: 'all' | readonly SettingName[]): Command {
  for (const s of settings) {
    if (names !== 'all' && !names.includes(s.name)) continue;
    command.addOption(new Option(s.boolean ? s.flag : `${s.flag} <value>`, s.description));
  }
  return command;
}

function load(program: Command, options: Readonly<Record<string, unknown>>): LoadedConfig {
  const file = program.opts<{ config?: string }>().config;
  const flags: ConfigInputs['flags'] = Object.fromEntries(settings.map((s) => [s.name, options[s.name]]));
  return loadConfig({ flags, env: process.env, file });
}
