import { type App, startApp } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { LoadedConfig } from '../config.ts';
import { consoleUrlOf, endpointOf, envCommand, gatewayEndpointOf, trustHint } from './env.ts';
import { untilTold } from './until-told.ts';

/**
 * `opentrail serve`: runs until SIGTERM or SIGINT, then ends cleanly: no new requests, those in hand answered, every
 * record durable. A second signal ends it at once, which loses nothing that was acknowledged either.
 */
export async function serve(loaded: LoadedConfig): Promise<number> {
  const { config } = loaded;
  const logger = createLogger(config.logLevel);
  const app = await startApp({ config, logger, clock: systemClock, random: systemRandom });
  process.stdout.write(welcome(loaded, app));
  await untilTold(logger);
  await app.stop();
  logger.info('stopped');
  return 0;
}

function welcome(loaded: LoadedConfig, app: App): string {
  const { config } = loaded;
  const gateway =
    app.gateway === undefined
      ? ''
      : `The capture gateway ${gatewayEndpointOf(config, app.gateway.port)} stands before ${config.upstream.join(', ')}\n${trustHint(app.gateway)}`;
  const webConsole =
    app.console === undefined
      ? ''
      : `Console: ${consoleUrlOf(config, app.console.port)}  (sign in with the access key in the file credentials)\n`;
  return `OpenTrail serves ${endpointOf(config, app.port)}  (account ${config.accountId}, Region ${config.region})
${webConsole}${gateway}Data and credentials are in ${app.dataDir}

In another terminal, here:
  eval "$(${envCommand(loaded, app.port)})"
  aws cloudtrail lookup-events --max-results 5
`;
}
