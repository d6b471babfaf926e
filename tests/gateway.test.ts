import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { CORE } from './gateway/core.ts';
import { differences, IDENTITIES, Play, recordsOf, type Scenario } from './gateway/harness.ts';
import { SERVICES } from './gateway/services.ts';
import { testWith } from './support/clients.ts';
import { startMoto, stopMotos, withoutDocker } from './support/moto.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';

afterAll(async () => {
  await cleanUp();
  stopMotos();
});

const SCENARIOS: Readonly<Record<string, Scenario>> = { ...CORE, ...SERVICES };

describe('calls through the gateway onto a real emulator, each with the record that CloudTrail would write', () => {
  testWith(
    ['moto', 'boto3', 'aws'],
    'field by field',
    async () => {
      const identities = join(newFolder('identities'), 'identities.json');
      writeFileSync(identities, JSON.stringify(IDENTITIES), { mode: 0o600 });
      const moto = await startMoto();
      await withoutDocker(moto);
      const server = await startOpenTrail({ flags: { upstream: `*=${moto.endpoint}`, 'gateway-port': 0, identities } });
      const play = new Play(server.gateway!);
      for (const scenario of Object.values(SCENARIOS)) await scenario(play.caller);
      play.end();
      const records = await recordsOf(server, play.made.length);
      expect(records.map((r) => r.eventName)).toHaveLength(play.made.length);
      const wrong = play.made.flatMap((made, i) => {
        const found = differences(records[i]!, made);
        return found.length === 0 ? [] : [`${made.what}\n${found.join('\n')}`];
      });
      expect(wrong.join('\n\n')).toBe('');
      await server.stop();
      await moto.stop();
    },
    300_000,
  );
});
