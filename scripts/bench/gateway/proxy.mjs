// The gateway's proxy with a Log behind it, and no more: every call is one event of the usual size, durable before its
// answer leaves. Arguments: the upstream's port, a folder for the Log.
import { dist } from '../dist.mjs';

const [
  { createProxy },
  { createUpstreams, parseUpstreams },
  { openLog },
  { sampleEvent },
  { listen },
  { systemClock },
  { systemRandom },
  { silentLogger },
  { createMetrics },
] = await Promise.all(
  [
    'gateway/proxy.js',
    'gateway/upstreams.js',
    'ports/log/segment-log.js',
    'ports/log/sample.js',
    'wire/http-server.js',
    'base/clock.js',
    'base/random.js',
    'base/logger.js',
    'base/metrics.js',
  ].map(dist),
);

const EVENT_BYTES = 1_300;
const [upstreamPort, directory] = process.argv.slice(2);
const base = { clock: systemClock, random: systemRandom, logger: silentLogger, metrics: createMetrics() };
const log = await openLog({ ...base, directory });
const upstreams = createUpstreams(parseUpstreams([`*=http://127.0.0.1:${upstreamPort}`]));
const [objects, calls] = [
  { requestBytes: 0, answerBytes: 65_536 },
  { requestBytes: 1 << 20, answerBytes: 1 << 20 },
];
let sequence = 0;
const proxy = createProxy({
  ...base,
  routeOf: (http) => ({
    upstream: upstreams.for('s3'),
    wants: http.rawPath.startsWith('/bucket/') ? objects : calls,
    target: { protocol: 'restXml' },
  }),
  recorder: {
    check() {},
    async record() {
      await log.append([sampleEvent(sequence++, EVENT_BYTES)]);
    },
  },
});
const server = await listen(proxy.handle, {
  host: '127.0.0.1',
  port: 0,
  handlesExpect: true,
  after: systemClock.after,
  refuse: (error) => ({ status: error.status, headers: {}, body: Buffer.alloc(0) }),
});
process.send({ port: server.port });
process.on('message', async () => {
  proxy.close();
  await log.close();
  process.exit(0);
});
