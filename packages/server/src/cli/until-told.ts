import type { Logger } from '../base/logger.ts';

/** Resolves at SIGTERM or SIGINT. From then on a second one ends the process at once. */
export async function untilTold(logger: Logger): Promise<void> {
  const signal = await new Promise<string>((fulfil) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => fulfil(name));
  });
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(130));
  logger.info({ signal }, 'stopping');
}
