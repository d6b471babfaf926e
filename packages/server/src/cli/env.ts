import { type Config, type LoadedConfig, type SettingName, settings } from '../config.ts';
import type { OpenGateway } from '../gateway-listener.ts';
import { addressOf, credentialsPath, endpointOf } from './endpoints.ts';

/** The same of the capture gateway. */
export const gatewayEndpointOf = (config: Config, port: number = config.gatewayPort): string =>
  addressOf(config.host, port, config.gatewayTlsCert !== undefined || config.gatewayTls !== 'off');

/** The same of the console, for browsers on this machine. */
export const consoleUrlOf = (config: Config, port: number): string =>
  config.consoleUrl ?? addressOf(config.consoleHost ?? config.host, port, config.tlsCert !== undefined);

/** Which certificate authority clients have to trust, where the gateway made one. */
export const trustHint = ({ caPath }: OpenGateway): string =>
  caPath === undefined ? '' : `Clients trust its certificates with AWS_CA_BUNDLE=${caPath}\n`;

/** What a command needs to find a running OpenTrail. */
export const CLIENT_SETTINGS: readonly SettingName[] = ['dataDir', 'host', 'port', 'tlsCert', 'tlsKey', 'region'];

/**
 * The `opentrail env` that finds this server from another terminal in the same folder: what was said to the server by
 * flag, environment or file has to be said again, for that terminal may have another environment.
 */
export function envCommand({ config, sources }: LoadedConfig, port: number): string {
  const said = settings.filter(({ name }) => CLIENT_SETTINGS.includes(name) && sources[name] !== 'default');
  const value = (name: SettingName) => String(name === 'port' ? port : config[name]);
  return ['npx opentrail env', ...said.map(({ name, flag }) => `${flag} ${shellQuote(value(name))}`)].join(' ');
}

/** `opentrail env`: the exports with which AWS's own clients find this OpenTrail. @returns lines for `eval` */
export function envExports(config: Config, profile: string): string {
  const values = {
    AWS_ENDPOINT_URL: endpointOf(config),
    AWS_SHARED_CREDENTIALS_FILE: credentialsPath(config),
    AWS_PROFILE: profile,
    AWS_REGION: config.region,
    // The CLI of version 1 and boto3 read only this one.
    AWS_DEFAULT_REGION: config.region,
  };
  // Keys in the environment would win over the profile, and belong to another endpoint.
  const unset = 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN';
  return [unset, ...Object.entries(values).map(([name, value]) => `export ${name}=${shellQuote(value)}`)].join('\n');
}

const shellQuote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
