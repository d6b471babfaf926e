import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for what a run of the tests finds out once for all its files, each of which is a process of its own. */
export default function prepareRun(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'opentrail-run-'));
  process.env.OPENTRAIL_TEST_RUN = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
