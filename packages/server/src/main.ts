import { runCommand } from './cli/index.ts';
import { runAsProcess } from './cli/run.ts';

await runAsProcess(runCommand);
