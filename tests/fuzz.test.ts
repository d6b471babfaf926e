import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { CORPUS, type Sample } from './support/fuzz/corpus.ts';
import { isName, mutate, sendablePath, sendableValue } from './support/fuzz/mutate.ts';
import { type Answer, asksNothing, rawBytes, type Signed, sendRaw } from './support/fuzz/raw.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { pick, random } from './support/random.ts';
import { makeTrail } from './support/trail.ts';

/**
 * Ten thousand mutated real requests: the answer is always the service's own kind of error (or success, where the
 * change did no harm), never a 5xx, a connection closed without an answer, a hang or a crash. Mutations are made before
 * signing, so that they reach the decoders and handlers, and after it, so that they meet the front door.
 */
const COUNT = Number(process.env.OPENTRAIL_FUZZ_REQUESTS ?? 10_000);
const SEED = Number(process.env.OPENTRAIL_FUZZ_SEED ?? Date.now() % 1_000_000);
const ANSWER_MS_MAX = 60_000;
const LANES = 8;

afterAll(cleanUp);

const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const decode = (text: string) => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

function sign(server: RunningOpenTrail, sample: Sample): Signed {
  const body = Buffer.from(sample.body);
  const path = sendablePath(sample.path);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const own = Object.entries(sample.headers)
    .filter(([name]) => isName(name))
    .map(([name, value]) => [name, sendableValue(value)]);
  const headers: Record<string, string> = {
    ...Object.fromEntries(own),
    host: new URL(server.endpoint).host,
    'x-amz-date': stamp,
    'x-amz-content-sha256': hash(body),
  };
  const names = Object.keys(headers).sort();
  const [rawPath, rawQuery = ''] = path.split(/\?(.*)/s);
  const query = rawQuery
    .split('&')
    .filter((p) => p !== '')
    .map((p) =>
      p
        .split(/=(.*)/s)
        .slice(0, 2)
        .map((x) => encode(decode(x)))
        .concat('')
        .slice(0, 2)
        .join('='),
    )
    .sort()
    .join('&');
  const uri =
    sample.service === 's3'
      ? rawPath!
          .split('/')
          .map((p) => encode(decode(p.replaceAll('+', '%2B'))))
          .join('/')
      : rawPath!.split('/').map(encode).join('/');
  const canonical = [
    sample.method,
    uri,
    query,
    ...names.map((n) => `${n}:${headers[n]!.replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    hash(body),
  ].join('\n');
  const scope = `${stamp.slice(0, 8)}/us-east-1/${sample.service}/aws4_request`;
  const key = ['us-east-1', sample.service, 'aws4_request'].reduce(
    (k: Buffer, part) => hmac(k, part),
    hmac(`AWS4${server.secretAccessKey}`, stamp.slice(0, 8)),
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash(canonical)}`).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { method: sample.method, path, headers, body };
}

const agent = new Agent({ keepAlive: true, maxSockets: LANES });

function send(server: RunningOpenTrail, signed: Signed): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    const { hostname, port } = new URL(server.endpoint);
    const req = request({
      hostname,
      port,
      method: signed.method,
      path: signed.path,
      headers: { ...signed.headers, 'content-length': signed.body.length },
      agent,
      timeout: ANSWER_MS_MAX,
    });
    req.once('response', (res) => {
      let body = '';
      res.setEncoding('latin1').on('data', (text) => {
        body += text;
      });
      res.once('end', () => fulfil({ status: res.statusCode!, headers: res.headers, body }));
      res.once('error', reject);
    });
    req.once('timeout', () => req.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
    req.once('error', reject);
    req.end(signed.body);
  });
}

/** Whether an answer looks as the service's own: when it is an error, a code in its protocol's place, and a request id. */
function isShaped({ status, headers, body }: Answer, method: string): boolean {
  if (status < 400) return status >= 200;
  if (headers['x-amzn-requestid'] === undefined && headers['x-amz-request-id'] === undefined) return false;
  if (method === 'HEAD' || headers['x-amzn-errortype'] !== undefined) return true;
  return /<Code>[A-Za-z0-9.]+<\/Code>|"__type":"[A-Za-z0-9.#]+"/.test(body);
}

test(`${COUNT} mutated requests get an answer of the service's own kind (seed ${SEED})`, {
  timeout: 60_000 + COUNT * 60,
}, async () => {
  const server = await startOpenTrail({ flags: { 'log-level': 'error' } });
  await makeTrail(server, { Name: 'main', S3BucketName: 'fuzz' });
  for (const sample of CORPUS) {
    const answer = await send(server, sign(server, sample));
    expect(answer.body, `${sample.method} ${sample.path} ${sample.body.slice(0, 80)}`).not.toMatch(
      /Signature|InternalFailure|InternalError/,
    );
  }
  const next = random(SEED);
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  let silent = 0;
  let left = COUNT;
  const lane = async () => {
    while (left-- > 0 && wrong.length < 10) {
      const sample = mutate(pick(next, CORPUS), next);
      const twice = next() < 0.3 ? mutate(sample, next) : sample;
      const signed = sign(server, twice);
      // To follow the log is to wait, and no hang.
      if (signed.path.startsWith('/opentrail/v1/tail') && !/[?&]follow=false(&|$)/.test(signed.path)) continue;
      const raw = next() < 0.2 ? rawBytes(signed, next) : undefined;
      const pieces = 1 + Math.floor(next() * 4);
      const sent = raw ? sendRaw(server.endpoint, raw, pieces, ANSWER_MS_MAX) : send(server, signed);
      const answer = await sent.catch((error) => ({ status: 599, headers: {}, body: String(error) }));
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const overloaded = answer.status === 501 && answer.body.includes('NotImplemented'); // S3's own word for what it lacks
      const mayBeSilent = raw !== undefined && asksNothing(raw);
      if (mayBeSilent) silent++;
      const bad = (answer.status >= 500 && !overloaded) || !(mayBeSilent || isShaped(answer, signed.method));
      if (bad)
        wrong.push(
          `${signed.method} ${signed.path.slice(0, 200)} ${JSON.stringify(twice.headers).slice(0, 300)} ${raw?.toString('latin1').slice(0, 600) ?? twice.body.slice(0, 300)}\n→ ${answer.status} ${answer.body.slice(0, 400)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(wrong.join('\n\n')).toBe('');
  expect(silent).toBeLessThanOrEqual(COUNT / 1000);
  expect((await fetch(`${server.endpoint}/readyz`)).status).toBe(200);
  // The mutations are worth something only if many of them got past the signature check.
  expect([...statuses].filter(([s]) => s >= 200 && s < 300).reduce((n, [, c]) => n + c, 0)).toBeGreaterThan(COUNT / 20);
  expect(await server.stop(), server.log()).toBe(0);
  expect(server.log()).not.toContain(server.secretAccessKey);
});
