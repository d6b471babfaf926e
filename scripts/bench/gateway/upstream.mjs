// A trivial upstream: answers small requests with a little XML, and sends or takes as many bytes as the path says.
import { createServer } from 'node:http';

const SMALL = Buffer.from(
  '<?xml version="1.0" encoding="UTF-8"?>\n<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
);
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
  req.on('end', () => res.writeHead(200, { 'content-type': 'text/xml', 'content-length': SMALL.length }).end(SMALL));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.exit(0));
