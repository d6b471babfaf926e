import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';

/** Of the settings, what a command needs to find a running OpenTrail. */
export type ClientConfig = Pick<Config, 'dataDir' | 'host' | 'port' | 'tlsCert' | 'region'>;

/** What they are where nobody says anything, for who starts without reading the schema of all (`config.ts`). */
export const CLIENT_DEFAULTS: ClientConfig = {
  dataDir: './opentrail-data',
  host: '127.0.0.1',
  port: 4570,
  tlsCert: undefined,
  region: 'us-east-1',
};

/** Where clients on this machine reach the endpoint: 0.0.0.0 is an address to listen on, not one to call. */
export const endpointOf = (config: Pick<Config, 'host' | 'port' | 'tlsCert'>, port: number = config.port): string =>
  addressOf(config.host, port, config.tlsCert !== undefined);

/** @param listensAt an address of the settings */
export function addressOf(listensAt: string, port: number, secure: boolean): string {
  const any = listensAt === '0.0.0.0' || listensAt === '::';
  const host = any ? '127.0.0.1' : listensAt.includes(':') ? `[${listensAt}]` : listensAt;
  return `${secure ? 'https' : 'http'}://${host}:${port}`;
}

export const credentialsPath = (config: Pick<Config, 'dataDir'>): string =>
  join(resolve(config.dataDir), 'credentials');
