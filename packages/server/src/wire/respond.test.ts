import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { respond } from './respond.ts';

test('an answer whose headers HTTP cannot carry becomes a 500, and its body is closed', async () => {
  const body = Readable.from(['never sent']);
  let thrown: unknown;
  const server = createServer((_req, res) => {
    respond(res, 'GET', { status: 200, headers: { 'x-amz-meta-a b': 'v' }, body }).catch((error) => {
      thrown = error;
    });
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  const status = await new Promise((fulfil, reject) => {
    get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (res) => {
      res.resume();
      fulfil(res.statusCode);
    }).once('error', reject);
  });
  server.close();
  expect(status).toBe(500);
  expect(body.destroyed).toBe(true);
  expect(thrown).toMatchObject({ code: 'ERR_INVALID_HTTP_TOKEN' });
});
