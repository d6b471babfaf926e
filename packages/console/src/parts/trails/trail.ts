/** Trails as CloudTrail's operations show them; times are seconds since the epoch. */
export interface Trail {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly S3BucketName: string;
  readonly S3KeyPrefix?: string;
  readonly SnsTopicARN?: string;
  readonly CloudWatchLogsLogGroupArn?: string;
  readonly CloudWatchLogsRoleArn?: string;
  readonly KmsKeyId?: string;
  readonly IsMultiRegionTrail?: boolean;
  readonly IncludeGlobalServiceEvents?: boolean;
  readonly IsOrganizationTrail?: boolean;
  readonly LogFileValidationEnabled?: boolean;
  readonly HasCustomEventSelectors?: boolean;
}

export interface TrailStatus {
  readonly IsLogging: boolean;
  readonly StartLoggingTime?: number;
  readonly StopLoggingTime?: number;
  readonly LatestDeliveryTime?: number;
  readonly LatestDeliveryError?: string;
  readonly LatestDigestDeliveryTime?: number;
  readonly LatestDigestDeliveryError?: string;
  readonly LatestNotificationTime?: number;
  readonly LatestNotificationError?: string;
  readonly LatestCloudWatchLogsDeliveryTime?: number;
  readonly LatestCloudWatchLogsDeliveryError?: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value?: string;
}

/** The account that a trail, or any other resource, belongs to. */
export const accountIn = (arn: string): string => arn.split(':')[4] ?? '';
export const regionIn = (arn: string): string => arn.split(':')[3] ?? '';

/** The home of a trail stands in its ARN: there it is asked about and changed. */
export const trailArn = (region: string, accountId: string, name: string): string =>
  `arn:aws:cloudtrail:${region}:${accountId}:trail/${name}`;

/** The folder in its bucket under which all of a trail's files stand. */
export const logsFolder = ({ S3KeyPrefix }: Pick<Trail, 'S3KeyPrefix'>): string =>
  `${S3KeyPrefix ? `${S3KeyPrefix}/` : ''}AWSLogs/`;

/** `log-group:name:*` of an ARN → `name` */
export const logGroupName = (arn: string): string => arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? arn;
