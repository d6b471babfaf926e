import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isOfClosedPage } from './tests/support/closed-pages.ts';

/** Files that take longest, most of it waiting. They begin first, so that no one of them is all that is left at the end. */
const LONGEST = [
  ...['terraform', 'console/history-events', 'console/history', 'console/pages', 'console/states', 'console/trails'],
  ...['console/large', 'console/event', 'console/alarms', 'console/shell', 'crash', 'fuzz', 'console/robust'],
];
const UNITS = 'units';

/** The long ones first; units last, all together: only what follows another of its kind shares that one's process. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId, project }: TestSpecification) => {
      if (project.name === UNITS) return LONGEST.length + 1;
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/tests/${name}.test.ts`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

const SHARED = {
  // In few processes, one file after another: to start one for each, and to import all anew, takes longer than most files.
  // So no module may keep what another file's tests could stumble over; hooks belong in test files.
  pool: 'forks',
  isolate: false,
  setupFiles: 'tests/support/equal-buffers.ts',
  // Generous, for machines that have much else to do: what hangs is told of all the same, only later.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // Its default of a second is less than a page of a search takes on such machines.
  expect: { poll: { timeout: 90_000 } },
} as const;

export default defineConfig({
  test: {
    onUnhandledError: (error) => !isOfClosedPage(error),
    globalSetup: 'tests/support/once-a-run.ts',
    // One more than the machines of CI have cores: much of the time is waiting. With four, what has little priority starves.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...SHARED, name: UNITS, include: ['packages/*/src/**/*.test.{ts,tsx}'] } },
      // Real clients, against servers that are processes of their own.
      { test: { ...SHARED, name: 'clients', include: ['tests/**/*.test.ts'] } },
    ],
  },
});
