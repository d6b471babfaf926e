// A trivial upstream: answers the calls of the mix as their services do, and sends or takes as many bytes as the path says.
import { createServer } from 'node:http';
import { ANSWERS } from './calls.mjs';

const TAKEN = { headers: { 'content-length': 0, etag: '"0"' }, body: '' };
const PIECE = Buffer.alloc(1 << 20);

const server = createServer((req, res) => {
  req.resume();
  const bytes = Number(/^\/bucket\/(\d+)/.exec(req.url)?.[1] ?? 0);
  if (req.method === 'GET' && bytes > 0) {
    res.writeHead(200, { 'content-length': bytes });
    let left = bytes;
    const more = () => {
      while (left > 0) {
        const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
        left -= piece.length;
        if (!res.write(piece)) return;
      }
      res.end();
    };
    res.on('drain', more);
    more();
    return;
  }
  req.on('end', () => {
    const service = /\/([a-z0-9-]+)\/aws4_request/.exec(req.headers.authorization ?? '')?.[1];
    const { headers, body } = bytes > 0 ? TAKEN : ANSWERS.get(service);
    res.writeHead(200, headers).end(body);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.exit(0));
