import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, most of it waiting. They begin first, so that no one of them is all that is left at the end. */
const LONGEST = [
  ...['terraform', 'console/large', 'fuzz', 'crash', 'console/pages', 'encryption', 'trail-notifications'],
  ...['console/history', 'console/history-events', 'console/shell', 'console/event', 'console/trails'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/tests/${name}.test.ts`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'tests/**/*.test.ts'],
    globalSetup: 'tests/support/once-a-run.ts',
    // Real clients are processes of their own; a cold AWS CLI alone takes more than a second to start.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One more than the machines of CI have cores: much of the time is waiting, for deliveries and for Terraform.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
