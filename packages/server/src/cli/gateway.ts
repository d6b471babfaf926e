import { systemClock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { Config } from '../config.ts';
import { startGatewayApp } from '../gateway-app.ts';
import { createClient } from './client.ts';
import { findCredentials } from './credentials.ts';
import { credentialsPath, endpointOf } from './endpoints.ts';
import { gatewayEndpointOf, trustHint } from './env.ts';
import { untilTold } from './until-told.ts';

/**
 * `opentrail gateway`: the capture gateway on its own, until SIGTERM or SIGINT. Records wait in its own folder until the
 * server has them.
 */
export async function gateway(config: Config): Promise<number> {
  if (config.upstream.length === 0) {
    throw new OperatorError('Say what the gateway stands before: --upstream "*=http://127.0.0.1:5000".');
  }
  const logger = createLogger(config.logLevel);
  const server = config.sendTo ?? endpointOf(config);
  const client = createClient({
    endpoint: server,
    credentials: findCredentials(process.env, credentialsPath(config)),
    region: config.region,
    clock: systemClock,
  });
  const send = (records: Buffer) => client.putRecords(records, { deduplicate: true });
  const app = await startGatewayApp({ config, logger, clock: systemClock, random: systemRandom, send });
  const told = untilTold(logger); // who reads that it serves may tell it to end at once
  process.stdout.write(`The capture gateway ${gatewayEndpointOf(config, app.port)} stands before ${config.upstream.join(', ')}
Records go to ${server}; those on their way are in ${config.gatewayDir}
Health and metrics: http://${config.host}:${app.healthPort}/readyz

Point AWS clients at it:
  export AWS_ENDPOINT_URL=${gatewayEndpointOf(config, app.port)}
${trustHint(app)}`);
  await told;
  await app.stop();
  client.close();
  logger.info('stopped');
  return 0;
}
