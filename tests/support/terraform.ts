import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run, terraformPlugins } from './clients.ts';
import { newFolder, type RunningOpenTrail } from './opentrail.ts';

/** Of one module. */
export type Outputs = Readonly<Record<string, unknown>>;

/** Terraform with AWS's provider, in a folder of its own. What fails, fails the test in Terraform's words. */
export interface Terraform {
  /**
   * Applies the modules, by name, always the same ones; and plans once more: that must find no changes.
   * @returns what each module outputs
   */
  apply(modules: Readonly<Record<string, string>>): Promise<Readonly<Record<string, Outputs>>>;
  destroy(): Promise<void>;
  /** Ends the provider. */
  end(): void;
}

const ENV = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
  /** The provider describes itself in 100 MB to each command, which makes much garbage and needs little of it collected. */
  GOGC: '400',
};
/** More than the default of 10: most of the time the provider waits, for what takes AWS a while. */
const PARALLELISM = 40;

export async function startTerraform(server: RunningOpenTrail): Promise<Terraform> {
  const cwd = newFolder('terraform');
  const { provider, attach } = await startProvider(server);
  const terraform = async (command: string, ...args: string[]) => {
    const done = await run('terraform', [command, '-no-color', ...args], { ...ENV, ...attach }, { cwd });
    expect(done.code, done.stdout + done.stderr).toBe(0);
    return done.stdout;
  };
  const change = (command: 'apply' | 'destroy') =>
    // What is there has been read by the plan before, which found it as it was made.
    terraform(command, '-input=false', '-auto-approve', '-refresh=false', `-parallelism=${PARALLELISM}`);
  let initialised = false;
  return {
    async apply(modules) {
      writeFileSync(join(cwd, 'main.tf'), rootModule(server, Object.keys(modules)));
      for (const [name, resources] of Object.entries(modules)) {
        mkdirSync(join(cwd, name), { recursive: true });
        writeFileSync(join(cwd, name, 'main.tf'), resources);
      }
      if (!initialised) await terraform('init', '-input=false');
      initialised = true;
      await change('apply');
      await terraform('plan', '-input=false', '-detailed-exitcode', `-parallelism=${PARALLELISM}`); // 0: no changes
      const all = JSON.parse(await terraform('output', '-json')) as Record<string, { value: Outputs }>;
      return Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value]));
    },
    async destroy() {
      await change('destroy');
    },
    end: () => void provider.kill('SIGKILL'),
  };
}

/**
 * Starts AWS's provider once for all commands, as those do who debug it: each command would start it anew, and hash its
 * 675 MB before. @returns what tells Terraform where it is
 */
async function startProvider(
  server: RunningOpenTrail,
): Promise<{ provider: ChildProcess; attach: Readonly<Record<string, string>> }> {
  const binary = readdirSync(terraformPlugins, { recursive: true, encoding: 'utf8' }).find((path) =>
    /\/terraform-provider-aws_[^/]+$/.test(path),
  );
  // With a bundle of its own it can be configured only once.
  const { AWS_CA_BUNDLE: _bundle, ...env } = process.env;
  // Its block `endpoints` would do as well, but to check that takes more than all else that the provider does.
  const endpoint = { AWS_ENDPOINT_URL: server.endpoint };
  const provider = spawn(join(terraformPlugins, binary!), ['-debug'], { env: { ...env, ...ENV, ...endpoint } });
  provider.stderr.resume();
  const attach = await new Promise<string>((fulfil, reject) => {
    let said = '';
    provider.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const where = /TF_REATTACH_PROVIDERS='(.*)'/.exec(said)?.[1];
      if (where !== undefined) fulfil(where);
    });
    provider.once('close', () => reject(new Error(`the provider ended before it served:\n${said}`)));
  });
  return { provider, attach: { TF_REATTACH_PROVIDERS: attach } };
}

const rootModule = (server: RunningOpenTrail, modules: readonly string[]) => `
provider "aws" {
  region                  = "us-east-1"
  access_key              = "${server.accessKeyId}"
  secret_key              = "${server.secretAccessKey}"
  s3_use_path_style       = true
  skip_metadata_api_check = true
}
${modules.map(moduleCall).join('')}`;

const moduleCall = (name: string) => `
module "${name}" {
  source = "./${name}"
}
output "${name}" {
  value     = module.${name}
  sensitive = true
}
`;
