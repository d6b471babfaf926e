import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { realDataDir, realFiles } from '../packages/server/src/testing/real-data.ts';
import { DOCUMENTED_IDENTITIES, documentedCalls } from './gateway/documented.ts';
import { documentedDifferences, EXPLAINED } from './gateway/documented-differences.ts';
import { DOCUMENTED_REPORTS, REPORTED_RECORDS } from './gateway/documented-reports.ts';
import { answerAsAws } from './gateway/documented-upstream.ts';
import { type CloudTrailRecord, differences, Play, recordsOf } from './gateway/harness.ts';
import { run, testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';

afterAll(async () => {
  await cleanUp();
  stopGateways();
});

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const HOW_MANY = 9;

describe('the records that AWS documents', () => {
  testWith(
    ['boto3'],
    'are what the same calls and reports give today',
    async () => {
      const identities = join(newFolder('identities'), 'identities.json');
      writeFileSync(identities, JSON.stringify(DOCUMENTED_IDENTITIES), { mode: 0o600 });
      const upstream = await startUpstream(answerAsAws);
      const server = await startOpenTrail({
        flags: { upstream: `*=${upstream.endpoint}`, 'gateway-port': 0, identities },
      });
      const play = new Play(server.gateway!);
      await documentedCalls(play.caller);
      play.end();
      const input = DOCUMENTED_REPORTS.map((report) => JSON.stringify(report)).join('\n');
      const reported = await run(process.execPath, [COMMAND, 'report', '-', '--data-dir', server.dataDir], server.env, {
        input,
      });
      expect([reported.code, reported.stderr]).toEqual([0, '']);

      const records = await recordsOf(server, play.made.length + DOCUMENTED_REPORTS.length);
      const wrong = play.made.flatMap((made, i) =>
        differences(records[i]!, made).map((line) => `${made.what}\n${line}`),
      );
      expect(wrong.join('\n')).toBe('');
      expect(records.slice(play.made.length)).toEqual(REPORTED_RECORDS);
      compareWithDocumented(records);
      await server.stop();
      await upstream.stop();
    },
    300_000,
  );
});

/** Field by field with AWS's own examples, where they are: what differs has a reason, and each reason occurs. */
function compareWithDocumented(records: readonly CloudTrailRecord[]): void {
  if (!realDataDir) {
    process.stderr.write('LEFT OUT, because AWS’s examples are not beside this checkout: the comparison with them\n');
    return;
  }
  const examples = realFiles('documented-examples', '.json').map(({ name, bytes }) => ({
    example: name.replace('.json', ''),
    documented: JSON.parse(bytes.toString()) as CloudTrailRecord,
  }));
  expect(examples).toHaveLength(HOW_MANY);
  const found = examples.flatMap(({ example, documented }) => {
    const ours = records.filter(
      ({ eventSource, eventName }) =>
        eventSource === documented.eventSource && eventName === documented.eventName.trim(),
    );
    expect(ours, example).toHaveLength(1);
    return documentedDifferences(example, documented, ours[0]!);
  });
  expect(found.filter((line) => EXPLAINED[line] === undefined)).toEqual([]);
  expect(Object.keys(EXPLAINED).filter((line) => !found.includes(line))).toEqual([]);
}
