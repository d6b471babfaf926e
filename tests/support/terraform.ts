import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run, terraformPlugins } from './clients.ts';
import { newFolder, type RunningOpenTrail } from './opentrail.ts';

/** Terraform with AWS's provider, in a folder of its own. What fails, fails the test in Terraform's words. */
export interface Terraform {
  /** Applies what stands in `resources`, and plans once more: that must find no changes. */
  apply(resources: string): Promise<void>;
  output(name: string): Promise<string>;
  destroy(): Promise<void>;
}

const ENV = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
};

/** @param services by the provider's names: `cloudtrail`, `s3` …; `sts`, which it always asks, is added */
export async function startTerraform(server: RunningOpenTrail, ...services: string[]): Promise<Terraform> {
  const cwd = newFolder('terraform');
  const provider = `
provider "aws" {
  region                  = "us-east-1"
  access_key              = "${server.accessKeyId}"
  secret_key              = "${server.secretAccessKey}"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  endpoints {
${[...services, 'sts'].map((service) => `    ${service} = "${server.endpoint}"`).join('\n')}
  }
}
`;
  const write = (resources: string) => writeFileSync(join(cwd, 'main.tf'), provider + resources);
  const terraform = async (command: string, ...args: string[]) => {
    const done = await run('terraform', [command, '-no-color', ...args], ENV, { cwd });
    expect(done.code, done.stdout + done.stderr).toBe(0);
    return done.stdout;
  };
  write('');
  await terraform('init', '-input=false', `-plugin-dir=${terraformPlugins}`);
  return {
    async apply(resources) {
      write(resources);
      await terraform('apply', '-input=false', '-auto-approve');
      await terraform('plan', '-input=false', '-detailed-exitcode'); // 0: no changes
    },
    output: async (name) => (await terraform('output', name)).trim(),
    async destroy() {
      await terraform('destroy', '-input=false', '-auto-approve');
    },
  };
}
