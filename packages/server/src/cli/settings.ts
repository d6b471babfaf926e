import { type Command, Option } from 'commander';
import {
  type Config,
  type ConfigInputs,
  type LoadedConfig,
  loadConfig,
  type SettingName,
  settings,
} from '../config.ts';
import { type OpenTrailClient, withClientsFor } from './client.ts';
import type { Options } from './program.ts';

/** Adds the flags of these settings; what they may be is checked by `loadConfig`. */
export function withSettings(command: Command, names: 'all' | readonly SettingName[]): Command {
  for (const s of settings) {
    if (names !== 'all' && !names.includes(s.name)) continue;
    command.addOption(new Option(s.boolean ? s.flag : `${s.flag} <value>`, s.description));
  }
  return command;
}

/** The settings by flags, environment and file. @throws OperatorError */
export function load(program: Command, options: Options): LoadedConfig {
  const file = program.opts<{ config?: string }>().config;
  const flags: ConfigInputs['flags'] = Object.fromEntries(settings.map((s) => [s.name, options[s.name]]));
  return loadConfig({ flags, env: process.env, file });
}

/** With a client for each Region that is asked for; closed in the end. @throws OperatorError without credentials */
export async function withClients(
  program: Command,
  options: Options,
  use: (clientOf: (region?: string) => OpenTrailClient, config: Config) => Promise<void>,
): Promise<void> {
  const { config } = load(program, options);
  await withClientsFor(config, (clientOf) => use(clientOf, config));
}
