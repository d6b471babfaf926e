import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { MailError } from '../mail-sender.ts';
import { createSmtpSender } from './smtp.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** As much of RFC 5321 as a client needs; `recipient` is its answer to each RCPT. */
async function mailServer(recipient = '250 ok') {
  const mails: string[] = [];
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let [text, inData] = ['', false];
    socket.write('220 test\r\n');
    socket.setEncoding('utf8').on('error', () => {});
    socket.on('data', (part) => {
      text += part;
      for (
        let end = text.indexOf(inData ? '\r\n.\r\n' : '\r\n');
        end >= 0;
        end = text.indexOf(inData ? '\r\n.\r\n' : '\r\n')
      ) {
        const line = text.slice(0, end);
        text = text.slice(end + (inData ? 5 : 2));
        if (inData) {
          mails.push(line);
          inData = false;
          socket.write('250 taken\r\n');
          continue;
        }
        said.push(line);
        if (/^EHLO/i.test(line)) socket.write('250-test\r\n250 AUTH PLAIN\r\n');
        else if (/^AUTH/i.test(line)) socket.write('235 welcome\r\n');
        else if (/^RCPT/i.test(line)) socket.write(`${recipient}\r\n`);
        else if (/^DATA/i.test(line)) {
          inData = true;
          socket.write('354 go on\r\n');
        } else socket.write('250 ok\r\n');
      }
    });
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, mails, said };
}

function sender(url: string) {
  const made = createSmtpSender({ url, from: 'OpenTrail <ops@example.com>' });
  closing.push(() => made.close());
  return made;
}

const MAIL = { to: 'a@example.com', subject: 'Alarm', text: 'the text\n.\nand more' };
const problem = (sent: Promise<unknown>) =>
  sent.then(
    () => undefined,
    (error) => error,
  );

describe('a mail', () => {
  test('goes to the server, over one connection, with the name and password of the URL', async () => {
    const { port, mails, said } = await mailServer();
    const smtp = sender(`smtp://user:p%40ss@127.0.0.1:${port}`);
    await smtp.send({ ...MAIL, unsubscribeUrl: 'http://127.0.0.1/?leave' });
    await smtp.send(MAIL);
    expect(mails).toHaveLength(2);
    expect(mails[0]).toMatch(/^From: OpenTrail <ops@example\.com>/m);
    expect(mails[0]).toMatch(/^To: a@example\.com/m);
    expect(mails[0]).toMatch(/^Subject: Alarm/m);
    expect(mails[0]).toMatch(/^List-Unsubscribe: <http:\/\/127\.0\.0\.1\/\?leave>/m);
    expect(said.filter((line) => line.startsWith('EHLO'))).toHaveLength(1);
    expect(said).toContain(`AUTH PLAIN ${Buffer.from('\0user\0p@ss').toString('base64')}`);
  });

  test.each([
    ['550 no such mailbox', true],
    ['451 come back', false],
  ])('that the server answers with %s is refused for good: %s', async (answer, permanent) => {
    const { port } = await mailServer(answer);
    const error = await problem(sender(`smtp://127.0.0.1:${port}`).send(MAIL));
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ permanent, message: `the mail server answered ${answer.slice(0, 3)}` });
  });

  test('may be sent again where no server answers', async () => {
    expect(await problem(sender('smtp://127.0.0.1:1').send(MAIL))).toMatchObject({ permanent: false });
  });

  test('has one recipient and one subject, whatever is in them', async () => {
    const { port, said, mails } = await mailServer();
    await sender(`smtp://127.0.0.1:${port}`).send({ ...MAIL, subject: 'a\r\nBcc: b@example.com' });
    expect(said.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<a@example.com>']);
    expect(mails[0]).not.toMatch(/^Bcc:/m);
  });
});

test.each(['http://x', 'mail.example.com', 'smtp:'])('%s is no mail server', (url) => {
  expect(() => createSmtpSender({ url, from: 'x@y' })).toThrow(/smtpUrl must be/);
});
