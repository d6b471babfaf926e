/** What verification can find. `invalid` makes the result invalid; a `notice` is worth knowing and may be in order. */
export type Severity = 'invalid' | 'notice';

/** Every finding by its code, as `--json` gives it; docs/verify.md explains each. */
export const FINDINGS = {
  'digest-unreadable': 'invalid',
  'digest-moved': 'invalid',
  'digest-key-unknown': 'invalid',
  'digest-key-unusable': 'invalid',
  'digest-signature-invalid': 'invalid',
  'digest-signature-algorithm-wrong': 'invalid',
  'digest-signature-missing': 'invalid',
  'digest-newest-unsigned-copy': 'notice',
  'digest-missing': 'invalid',
  'chain-hash-mismatch': 'invalid',
  'chain-signature-mismatch': 'invalid',
  'chain-forked': 'invalid',
  'chain-overlap': 'invalid',
  'chain-truncated': 'invalid',
  'chain-absent': 'notice',
  'chain-restarted': 'notice',
  'chain-begins-elsewhere': 'notice',
  'log-file-missing': 'invalid',
  'log-file-unreadable': 'invalid',
  'log-file-hash-mismatch': 'invalid',
  'log-file-listed-twice': 'invalid',
  'log-file-not-listed': 'invalid',
  'log-files-without-digests': 'invalid',
  'log-files-before-first-digest': 'notice',
  'log-files-in-gap': 'notice',
  'log-files-not-covered-yet': 'notice',
  'log-files-of-unvalidated-trail': 'notice',
  'event-repeated': 'invalid',
} as const satisfies Readonly<Record<string, Severity>>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The object that it is about: a key, or a folder of keys. */
  readonly object: string;
  readonly message: string;
}

export const finding = (code: FindingCode, object: string, message: string): Finding => ({
  code,
  severity: FINDINGS[code],
  object,
  message,
});
