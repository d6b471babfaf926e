import { createTransport } from 'nodemailer';
import { OperatorError } from '../../base/errors.ts';
import { MailError, type MailSender } from '../mail-sender.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, `smtps://…:465`. */
  readonly url: string;
  /** `OpenTrail <opentrail@example.com>` */
  readonly from: string;
}

/** For the whole connection to be made, the server's greeting, and each of its answers. */
const TIMEOUT_MS = 30_000;
/** Open at a time: mail servers take few from one client. */
const CONNECTIONS_MAX = 3;
const PERMANENT_FROM = 500;

/** Sends through a mail server, over connections that are kept. @throws OperatorError for what is no URL of one */
export function createSmtpSender({ url, from }: SmtpOptions): MailSender {
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol) || new URL(url).hostname === '') {
    throw new OperatorError('Setting smtpUrl must be smtp://user:password@host:587 or smtps://user:password@host:465.');
  }
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, subject, text, unsubscribeUrl }) {
      try {
        await transport.sendMail({
          from,
          // An address as such, so that nothing in it is read as several, or as a header.
          to: { name: '', address: to },
          subject,
          text,
          ...(unsubscribeUrl !== undefined && { list: { unsubscribe: unsubscribeUrl } }),
        });
      } catch (error) {
        const { responseCode = 0, code = 'unknown' } = error as { responseCode?: number; code?: string };
        const why = responseCode === 0 ? code : `the mail server answered ${responseCode}`;
        throw new MailError(why, responseCode >= PERMANENT_FROM, { cause: error });
      }
    },
    close: () => transport.close(),
  };
}
