// The yardstick: what anybody writes first as a proxy with node:http. Argument: the upstream's port.
import { Agent, createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true });

const server = createServer((req, res) => {
  const { method, url: path, headers } = req;
  const up = request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    pipeline(answer, res, () => {});
  });
  up.on('error', () => res.destroy());
  pipeline(req, up, () => {});
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.exit(0));
