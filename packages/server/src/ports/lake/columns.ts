/**
 * The lake's columns, in `fresh` and in Parquet alike. Lower case, as CloudTrail Lake prints its schema; those that Lake
 * does not have are the header's (`account_id` …) and parts of userIdentity that searches ask for.
 *
 * All but three are text. What may hold anything (`requestparameters` …) is its JSON, from which Lake's
 * map<string,string> is one cast away; booleans are `true` and `false`, because a record may hold anything there too.
 */

/** Lists are one text: each value between two of these. A value that holds one itself has `LIST_MARK_STANDS_FOR` there. */
export const LIST_MARK = '\u001f';
export const LIST_MARK_STANDS_FOR = '\u001e';

/** How an event comes in: from the header that the Log keeps beside it. `parsed` is what columns are taken from. */
export const STAGED = {
  sequence: 'BIGINT',
  time_ms: 'BIGINT',
  account_id: 'VARCHAR',
  awsregion: 'VARCHAR',
  eventcategory: 'VARCHAR',
  readonly: 'VARCHAR',
  eventid: 'VARCHAR',
  eventname: 'VARCHAR',
  eventsource: 'VARCHAR',
  username: 'VARCHAR',
  accesskeyid: 'VARCHAR',
  resourcetypes: 'VARCHAR',
  resourcenames: 'VARCHAR',
  eventjson: 'VARCHAR',
  /** The record as DuckDB can read it, where it cannot read `eventjson`; NULL elsewhere. */
  readable: 'VARCHAR',
} as const;

/** Taken from the header as they are. */
const FROM_HEADER = [
  'account_id',
  'eventname',
  'eventsource',
  'awsregion',
  'eventcategory',
  'readonly',
  'eventid',
  'username',
  'accesskeyid',
  'resourcetypes',
  'resourcenames',
] as const;

/** Text of the record, at these paths. Empty text is no value, as in event/search. */
export const TEXT_COLUMNS = {
  eventversion: '$.eventVersion',
  usertype: '$.userIdentity.type',
  principalid: '$.userIdentity.principalId',
  userarn: '$.userIdentity.arn',
  issuerarn: '$.userIdentity.sessionContext.sessionIssuer.arn',
  sourceipaddress: '$.sourceIPAddress',
  useragent: '$.userAgent',
  errorcode: '$.errorCode',
  errormessage: '$.errorMessage',
  requestid: '$.requestID',
  eventtype: '$.eventType',
  apiversion: '$.apiVersion',
  managementevent: '$.managementEvent',
  recipientaccountid: '$.recipientAccountId',
  sharedeventid: '$.sharedEventID',
  annotation: '$.annotation',
  vpcendpointid: '$.vpcEndpointId',
  vpcendpointaccountid: '$.vpcEndpointAccountId',
  sessioncredentialfromconsole: '$.sessionCredentialFromConsole',
} as const;

/** The JSON of these members; NULL where the record has none, or null. */
export const JSON_COLUMNS: Readonly<Record<string, string>> = {
  useridentity: 'userIdentity',
  requestparameters: 'requestParameters',
  responseelements: 'responseElements',
  additionaleventdata: 'additionalEventData',
  serviceeventdetails: 'serviceEventDetails',
  addendum: 'addendum',
  edgedevicedetails: 'edgeDeviceDetails',
  insightdetails: 'insightDetails',
  resources: 'resources',
  tlsdetails: 'tlsDetails',
  eventcontext: 'eventContext',
};

/** All columns, in their order. */
export const COLUMNS: readonly string[] = [
  'sequence',
  'event_time',
  ...FROM_HEADER,
  ...Object.keys(TEXT_COLUMNS),
  ...Object.keys(JSON_COLUMNS),
  'eventjson',
];

const list = (paths: readonly string[]) => `[${paths.map((path) => `'${path}'`).join(', ')}]`;

const textOf = (source: string) => `json_extract_string(${source}, ${list(Object.values(TEXT_COLUMNS))})`;
const jsonOf = (source: string) =>
  `json_extract(${source}, ${list(Object.values(JSON_COLUMNS).map((member) => `$.${member}`))})`;

/**
 * Selects `staged` as the lake's columns. The JSON of a record is read twice in all, however many columns come of it.
 * @param source expression for what columns are taken from; `NULL` leaves those of the record empty
 */
export function selectStaged(source: string): string {
  const columns = [
    'sequence',
    'make_timestamp_ms(time_ms) AS event_time',
    ...FROM_HEADER,
    ...Object.keys(TEXT_COLUMNS).map((name, i) => `nullif(texts[${i + 1}], '') AS ${name}`),
    ...Object.keys(JSON_COLUMNS).map((name, i) => `nullif(parts[${i + 1}]::VARCHAR, 'null') AS ${name}`),
    'eventjson',
  ];
  const texts = source === 'NULL' ? 'NULL::VARCHAR[]' : textOf(source);
  const parts = source === 'NULL' ? 'NULL::VARCHAR[]' : jsonOf(source);
  return `SELECT ${columns.join(', ')} FROM (SELECT *, ${texts} AS texts, ${parts} AS parts FROM staged)`;
}

export const READABLE = 'coalesce(readable, eventjson)';
