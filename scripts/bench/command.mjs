import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { REGION } from './server.mjs';

const COMMAND = new URL('../../packages/server/bin/opentrail.js', import.meta.url).pathname;

/** Runs a program to its end. @returns its exit code, what it printed, and the seconds that it took */
export function run(command, args, env) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        out[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...out, seconds: (performance.now() - start) / 1000 }));
  });
}

/** Runs `opentrail` against a server. */
export const opentrail = (server, ...args) => run(process.execPath, [COMMAND, ...args], clientEnv(server));

/** What AWS's clients, and ours, need to find a server; nothing of the machine's own configuration. */
export function clientEnv(server) {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, AWS_SESSION_TOKEN: _token, ...own } = process.env;
  return {
    ...own,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_SHARED_CREDENTIALS_FILE: join(server.dataDir, 'credentials'),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_PROFILE: 'opentrail',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}
