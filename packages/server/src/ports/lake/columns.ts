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

/** What the header says, which the Log keeps beside the record. */
export const HEADER_COLUMNS = [
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

/** All columns, in their order: the first two are a number and a time, all others text. */
export const COLUMNS: readonly string[] = [
  'sequence',
  'event_time',
  ...HEADER_COLUMNS,
  ...Object.keys(TEXT_COLUMNS),
  ...Object.keys(JSON_COLUMNS),
  'eventjson',
];

/** A table of the lake's columns, as SQL has it between parentheses. */
export const COLUMN_TYPES: string = COLUMNS.map((name, i) => `${name} ${['BIGINT', 'TIMESTAMP'][i] ?? 'VARCHAR'}`).join(
  ', ',
);
