/** Services of AWS's JSON protocols, by signing name: the prefix of `X-Amz-Target`, and the JSON version. */
export const JSON_SERVICES = {
  cloudtrail: { target: 'CloudTrail_20131101', version: '1.1' },
  events: { target: 'AWSEvents', version: '1.1' },
  kms: { target: 'TrentService', version: '1.1' },
  logs: { target: 'Logs_20140328', version: '1.1' },
  monitoring: { target: 'GraniteServiceVersion20100801', version: '1.0' },
  organizations: { target: 'AWSOrganizationsV20161128', version: '1.1' },
  sqs: { target: 'AmazonSQS', version: '1.0' },
} as const;

/** Services of the query protocol, by signing name: the API's version. */
export const QUERY_SERVICES = {
  iam: '2010-05-08',
  sns: '2010-03-31',
  sts: '2011-06-15',
} as const;

export type JsonService = keyof typeof JSON_SERVICES;
export type QueryService = keyof typeof QUERY_SERVICES;
