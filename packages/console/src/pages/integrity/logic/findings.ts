/** What each finding means, in plain words (docs/verify.md has them all). */
const MEANINGS: Readonly<Record<string, string>> = {
  'log-file-hash-mismatch': 'The content is not what its digest says: the file was changed after it was delivered.',
  'log-file-missing': 'A digest lists this log file, but it is gone: it was deleted or moved.',
  'log-file-unreadable': 'This is not exactly one whole gzip file with records in it.',
  'log-file-not-listed':
    'No digest lists this log file, though digests cover its time: CloudTrail did not put it there.',
  'log-file-listed-twice': 'More than one digest of the trail lists this log file.',
  'log-files-without-digests': 'There are log files here, and not one digest that could vouch for them.',
  'log-files-before-first-digest': 'These log files are older than the first digest: validation was switched on later.',
  'log-files-in-gap': 'These log files came while the trail made no digests: nothing is said of them.',
  'log-files-not-covered-yet': 'These log files came after the newest digest. The next digest will list them.',
  'log-files-of-unvalidated-trail': 'Another trail without validation delivers here too; its files are in no digest.',
  'event-repeated': 'An event stands in two places, which CloudTrail does not do.',
  'digest-unreadable': 'This is no digest: not gzip, not JSON, or members are missing.',
  'digest-moved': 'This digest stands elsewhere than where it was written.',
  'digest-key-unknown': 'No public key is known that could have signed this digest.',
  'digest-key-unusable': 'The public key of this digest cannot be used.',
  'digest-signature-invalid': 'The signature is not that of the content: the digest was changed.',
  'digest-signature-missing': 'The digest has no signature.',
  'digest-signature-algorithm-wrong': 'The digest is signed in a way that CloudTrail does not use.',
  'digest-missing': 'The digest that follows names this one, but it is gone: it was deleted or moved.',
  'chain-truncated':
    'The trail delivered later digests than are here, or log files are overdue for one: the newest were deleted.',
  'chain-forked': 'Two digests follow the same one.',
  'chain-hash-mismatch': 'The digest has another hash of the one before than that has: one of them was replaced.',
  'chain-signature-mismatch': 'The digest repeats another signature than the one before has.',
  'chain-overlap': 'The digest starts before the one before ends.',
  'chain-restarted': 'A new chain starts here, as after logging was stopped: nothing is said of the time between.',
  'chain-absent':
    'The trail delivered digests that are not here: they were deleted, unless the trail moved here since.',
  'chain-begins-elsewhere':
    'The trail moved here: what it delivered before lies elsewhere, and is to be verified there.',
  'digest-newest-unsigned-copy': 'The newest digest of a copy has lost its signature.',
};

export const meaningOf = (code: string): string => MEANINGS[code] ?? code;

/** All that are known: a test holds them against the server's. */
export const KNOWN_FINDINGS: readonly string[] = Object.keys(MEANINGS);
