import { createVerify, X509Certificate } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What SNS sends, by AWS's names. */
export type SnsMessage = Readonly<Record<string, string>> & {
  readonly MessageAttributes?: Readonly<Record<string, { readonly Type: string; readonly Value: string }>>;
};

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON; undefined for a bare message. */
  readonly message: SnsMessage | undefined;
  readonly answered: number | 'hang';
}

export interface Subscriber {
  readonly url: string;
  /** Notifications, in the order in which they came. */
  readonly received: Received[];
  /** What it answers to the next ones: statuses, or `hang`. When there are none left: 200. */
  readonly answers: (number | 'hang')[];
  close(): void;
}

/**
 * An HTTP endpoint as people write them for SNS: it verifies every message by AWS's documented algorithm, and follows
 * SubscribeURL by itself. What does not verify is answered 403, and is not received.
 */
export async function startSubscriber(): Promise<Subscriber> {
  const received: Received[] = [];
  const answers: (number | 'hang')[] = [];
  const take = async (req: IncomingMessage, res: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const isRaw = req.headers['x-amz-sns-rawdelivery'] === 'true';
    const message = isRaw ? undefined : (JSON.parse(body) as SnsMessage);
    if (message && !(await isAuthentic(message))) return void res.writeHead(403).end();
    if (message?.Type === 'SubscriptionConfirmation') {
      const confirmed = await fetch(message.SubscribeURL!);
      return void res.writeHead(confirmed.ok ? 200 : 500).end();
    }
    const answered = answers.shift() ?? 200;
    received.push({ headers: req.headers, body, message, answered });
    if (answered !== 'hang') res.writeHead(answered).end();
  };
  // A server that is killed is not there to tell its certificate: it sends again when it is back.
  const server = createServer((req, res) => void take(req, res).catch(() => res.destroy()));
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sns`,
    received,
    answers,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const;

/** AWS's developer guide: "Verifying the signatures of Amazon SNS messages". */
export async function isAuthentic(message: SnsMessage): Promise<boolean> {
  const names = SIGNED[message.Type as keyof typeof SIGNED];
  const answer = await fetch(message.SigningCertURL!);
  if (!names || !answer.ok) return false;
  const { publicKey } = new X509Certificate(await answer.text());
  const text = names.filter((name) => message[name] !== undefined).map((name) => `${name}\n${message[name]}\n`);
  const algorithm = message.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
  return createVerify(algorithm).update(text.join('')).verify(publicKey, message.Signature!, 'base64');
}
