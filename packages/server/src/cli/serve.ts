import { type App, startApp } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { leaveRoomForGarbage } from '../base/garbage.ts';
import { createLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { LoadedConfig } from '../config.ts';
import { endpointOf } from './endpoints.ts';
import { consoleUrlOf, envCommand, gatewayEndpointOf, trustHint } from './env.ts';
import { untilTold } from './until-told.ts';

/**
 * `opentrail serve`: runs until SIGTERM or SIGINT, then ends cleanly: no new requests, those in hand answered, every
 * record durable. A second signal ends it at once, which loses nothing that was acknowledged either.
 */
export async function serve(loaded: LoadedConfig): Promise<number> {
  const { config } = loaded;
  leaveRoomForGarbage(systemClock);
  const logger = createLogger(config.logLevel);
  const app = await startApp({ config, logger, clock: systemClock, random: systemRandom });
  const told = untilTold(logger); // who reads that it serves may tell it to end at once
  process.stdout.write(welcome(loaded, app));
  await told;
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
