export interface MailToSend {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** What a mail program offers to leave the list by. */
  readonly unsubscribeUrl?: string;
}

/** Why a mail server did not take a mail. */
export class MailError extends Error {
  /** It will never take it: there is no such mailbox, or it refuses the sender. */
  readonly permanent: boolean;

  constructor(message: string, permanent: boolean, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'MailError';
    this.permanent = permanent;
  }
}

/** Hands mails to a server that delivers them. MUST bound the time that the server gets to take one. */
export interface MailSender {
  /** Resolves when the server has taken the mail. @throws MailError */
  send(mail: MailToSend): Promise<void>;
  close(): void;
}
