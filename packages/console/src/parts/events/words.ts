/** Past tenses that are not made with -ed. */
const IRREGULAR: Readonly<Record<string, string>> = {
  ask: 'asked',
  become: 'became',
  begin: 'began',
  build: 'built',
  do: 'did',
  find: 'found',
  get: 'got',
  give: 'gave',
  go: 'went',
  leave: 'left',
  let: 'let',
  look: 'looked',
  make: 'made',
  open: 'opened',
  put: 'put',
  read: 'read',
  reset: 'reset',
  run: 'ran',
  see: 'saw',
  send: 'sent',
  set: 'set',
  take: 'took',
  write: 'wrote',
};
/** Verbs whose last consonant is doubled. */
const DOUBLED = /^(stop|tag|untag|admit|submit|transfer|refer|ship|plan|map|unmap|drop|swap|permit|commit|cancel|log)$/;

/** `delete` → `deleted`. One word, lower case. */
export function pastOf(verb: string): string {
  if (Object.hasOwn(IRREGULAR, verb)) return IRREGULAR[verb]!;
  if (verb.endsWith('e')) return `${verb}d`;
  if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ied`;
  if (DOUBLED.test(verb) && verb !== 'cancel') return `${verb}${verb.at(-1)}ed`;
  return `${verb}ed`;
}

/** Words of API names that are written in capitals, or otherwise than the name has them. */
const SPELLINGS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['ACL', 'AMI', 'API', 'ARN', 'CIDR', 'DB', 'DHCP', 'DNS', 'EBS', 'HTTP', 'IAM', 'ID', 'IP', 'KMS', 'MFA', 'NAT'],
    ...['OIDC', 'PITR', 'RDS', 'SAML', 'SMS', 'SNS', 'SQS', 'SSH', 'SSL', 'TLS', 'URL', 'VPC', 'VPN', 'WAF'],
  ].map((word) => [word.toLowerCase(), word]),
);

/** What API names say with a word that means something else to people. */
const VERBS: Readonly<Record<string, string>> = {
  get: 'read',
  describe: 'read',
  head: 'look at',
  put: 'set',
  modify: 'change',
  update: 'change',
  batch: 'handle a batch:',
};

/** `DeleteDBInstance` → [`delete`, `DB instance`]; versions at the end (`CreateFunction20150331v2`) are left out. */
export function wordsOf(eventName: string): readonly [verb: string, noun: string] {
  const bare = eventName.replace(/\d{8}(v\d+)?$/, '').replace(/V\d$/, '');
  const words = bare.match(/[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+/g) ?? [];
  const [first = '', ...rest] = words.map((word) => word.toLowerCase());
  const verb = Object.hasOwn(VERBS, first) ? VERBS[first]! : first;
  return [verb, rest.map((word) => (Object.hasOwn(SPELLINGS, word) ? SPELLINGS[word]! : word)).join(' ')];
}
