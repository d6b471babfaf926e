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

/**
 * Of the machine's own configuration: credentials, and certificates and options that Node and the AWS CLI take from it.
 * Node reads more certificates at every start, which takes it as long as all of ours does.
 */
const MACHINES_OWN =
  /^(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CA_BUNDLE)|NODE_(EXTRA_CA_CERTS|OPTIONS)|REQUESTS_CA_BUNDLE)$/;

/** What AWS's clients, and ours, need to find a server; nothing of the machine's own configuration. */
export function clientEnv(server) {
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !MACHINES_OWN.test(name))),
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
