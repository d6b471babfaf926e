import { HIDDEN } from './conventions/redaction.ts';
import type { CloudTrailRecord, ResourceEntry, TlsDetails, UserIdentity } from './record.ts';

/**
 * Records of what a service did by itself, and reports: no call passed, so nothing but its word tells of it
 * (spec: records §5, §6, §8).
 */
interface ReportBase {
  /** The account whose record this is. */
  readonly AccountId: string;
  readonly Region?: string;
  readonly EventTime?: Date;
  /** A UUID: makes the report safe to repeat. */
  readonly EventId?: string;
  readonly SharedEventId?: string;
  readonly SourceIpAddress?: string;
  readonly UserAgent?: string;
  /** As CloudTrail writes it; else it is made of the other members. */
  readonly UserIdentity?: UserIdentity;
}

interface OfACall {
  /** `elasticfilesystem.amazonaws.com` */
  readonly EventSource: string;
  readonly EventName: string;
  readonly ReadOnly?: boolean;
  readonly RequestId?: string;
  readonly Resources?: readonly { readonly AccountId?: string; readonly Type?: string; readonly ARN: string }[];
  readonly AdditionalEventData?: Readonly<Record<string, unknown>>;
}

/** Something that happened in a service and is no API call: a connection, a key rotated. */
export interface ServiceEventReport extends ReportBase, OfACall {
  readonly InvokedBy?: string;
  readonly ServiceEventDetails?: Readonly<Record<string, unknown>>;
}

/** A call that a service made for somebody, by a service-linked role or on the caller's behalf. */
export interface ServiceCallReport extends ReportBase, OfACall {
  /** The service that called: `elasticfilesystem.amazonaws.com`. */
  readonly Service: string;
  readonly Role?: {
    readonly Arn: string;
    readonly Id?: string;
    readonly SessionName?: string;
    readonly SessionCreationTime?: Date;
  };
  readonly RequestParameters?: Readonly<Record<string, unknown>>;
  readonly ResponseElements?: Readonly<Record<string, unknown>>;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
  readonly ApiVersion?: string;
}

/** A sign-in to a console. */
export interface SignInReport extends ReportBase {
  /** Default ConsoleLogin. */
  readonly EventName?: string;
  /** Absent: root. */
  readonly UserName?: string;
  /** There is no such user: what was typed may be a password, and is not shown. */
  readonly UnknownUser?: boolean;
  readonly Success: boolean;
  readonly ErrorMessage?: string;
  readonly LoginTo?: string;
  readonly MobileVersion?: boolean;
  readonly MFAUsed?: boolean;
  readonly MFAIdentifier?: string;
  readonly MfaType?: string;
  /** ARN of who switched to a role. */
  readonly SwitchFrom?: string;
  /** Where the browser is sent then. */
  readonly RedirectTo?: string;
  readonly TlsDetails?: TlsDetails;
}

/** A call that came through a VPC endpoint, for the endpoint's owner. */
export interface NetworkActivityReport extends ReportBase {
  readonly EventSource: string;
  readonly EventName: string;
  readonly VpcEndpointId: string;
  /** When it is another account than the endpoint's. */
  readonly CallerAccountId?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
  readonly RequestId?: string;
}

/** One of them. */
export interface Report {
  readonly ServiceEvent?: ServiceEventReport;
  readonly ServiceCall?: ServiceCallReport;
  readonly SignIn?: SignInReport;
  readonly NetworkActivity?: NetworkActivityReport;
}

/** Network activity events have none of a call's members. */
export type ReportedRecord = Omit<CloudTrailRecord, 'userAgent' | 'requestParameters' | 'responseElements'> &
  Partial<Pick<CloudTrailRecord, 'userAgent' | 'requestParameters' | 'responseElements'>>;

/** What the report does not say. */
export interface ReportDefaults {
  readonly timeMs: number;
  readonly region: string;
  readonly eventId: string;
}

const INTERNAL = 'AWS Internal';

/** The record of a report, in CloudTrail's order of members. Exactly one kind MUST be there. */
export function recordFromReport(report: Report, defaults: ReportDefaults): ReportedRecord {
  if (report.ServiceEvent) return serviceEvent(report.ServiceEvent, defaults);
  if (report.ServiceCall) return serviceCall(report.ServiceCall, defaults);
  if (report.SignIn) return signIn(report.SignIn, defaults);
  return networkActivity(report.NetworkActivity!, defaults);
}

function serviceEvent(report: ServiceEventReport, defaults: ReportDefaults): ReportedRecord {
  const { InvokedBy = INTERNAL, AccountId, ServiceEventDetails } = report;
  return {
    ...head(report, defaults, report.UserIdentity ?? { accountId: AccountId, invokedBy: InvokedBy }),
    eventSource: report.EventSource,
    eventName: report.EventName,
    ...where(report, defaults, InvokedBy),
    requestParameters: null,
    responseElements: null,
    ...extra(report),
    ...ids(report, defaults),
    readOnly: report.ReadOnly ?? false,
    ...resources(report),
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    ...recipient(report),
    ...(ServiceEventDetails && { serviceEventDetails: ServiceEventDetails }),
    eventCategory: 'Management',
  };
}

function serviceCall(report: ServiceCallReport, defaults: ReportDefaults): ReportedRecord {
  const { Service, ErrorCode, ErrorMessage, ApiVersion } = report;
  const failed = ErrorCode !== undefined;
  return {
    ...head(report, defaults, { ...(report.UserIdentity ?? roleSession(report, defaults)), invokedBy: Service }),
    eventSource: report.EventSource,
    eventName: report.EventName,
    ...where(report, defaults, Service),
    ...(failed && { errorCode: ErrorCode, errorMessage: ErrorMessage ?? '' }),
    requestParameters: report.RequestParameters ?? null,
    responseElements: failed ? null : (report.ResponseElements ?? null),
    ...extra(report),
    ...ids(report, defaults),
    readOnly: report.ReadOnly ?? false,
    ...resources(report),
    eventType: 'AwsApiCall',
    ...(ApiVersion !== undefined && { apiVersion: ApiVersion }),
    managementEvent: true,
    ...recipient(report),
    eventCategory: 'Management',
  };
}

/** A service's session of a role: without one, the service itself. */
function roleSession({ AccountId, Role }: ServiceCallReport, { timeMs }: ReportDefaults): UserIdentity {
  if (!Role) return { type: 'AWSService' };
  const { Arn, Id = '', SessionName = AccountId, SessionCreationTime } = Role;
  const name = Arn.slice(Arn.lastIndexOf('/') + 1);
  const account = Arn.split(':')[4] ?? AccountId;
  return {
    type: 'AssumedRole',
    principalId: `${Id}:${SessionName}`,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/${SessionName}`,
    accountId: account,
    sessionContext: {
      sessionIssuer: { type: 'Role', principalId: Id, arn: Arn, accountId: account, userName: name },
      attributes: { creationDate: seconds(SessionCreationTime?.getTime() ?? timeMs), mfaAuthenticated: 'false' },
    },
  };
}

function signIn(report: SignInReport, defaults: ReportDefaults): ReportedRecord {
  const { EventName = 'ConsoleLogin', Success, LoginTo, MobileVersion, MFAUsed, MFAIdentifier, MfaType } = report;
  const { SwitchFrom, RedirectTo, TlsDetails: tlsDetails } = report;
  const yes = (flag: boolean) => (flag ? 'Yes' : 'No');
  const about = {
    ...(LoginTo !== undefined && { LoginTo }),
    ...(MobileVersion !== undefined && { MobileVersion: yes(MobileVersion) }),
    ...(MFAIdentifier !== undefined && { MFAIdentifier }),
    ...(MFAUsed !== undefined && { MFAUsed: yes(MFAUsed) }),
    ...(MfaType !== undefined && { MfaType }),
    ...(SwitchFrom !== undefined && { SwitchFrom }),
    ...(RedirectTo !== undefined && { RedirectTo }),
  };
  return {
    ...head(report, defaults, report.UserIdentity ?? signedIn(report)),
    eventSource: 'signin.amazonaws.com',
    eventName: EventName,
    ...where(report, defaults, INTERNAL),
    ...(!Success && { errorMessage: report.ErrorMessage ?? 'Failed authentication' }),
    requestParameters: null,
    responseElements: { [EventName]: Success ? 'Success' : 'Failure' },
    ...(Object.keys(about).length > 0 && { additionalEventData: about }),
    ...ids(report, defaults),
    readOnly: false,
    eventType: 'AwsConsoleSignIn',
    managementEvent: true,
    ...recipient(report),
    eventCategory: 'Management',
    ...(tlsDetails && { tlsDetails }),
  };
}

function signedIn({ AccountId, UserName, UnknownUser }: SignInReport): UserIdentity {
  if (UnknownUser) return { type: 'IAMUser', accountId: AccountId, accessKeyId: '', userName: HIDDEN };
  if (UserName === undefined) {
    return {
      type: 'Root',
      principalId: AccountId,
      arn: `arn:aws:iam::${AccountId}:root`,
      accountId: AccountId,
      accessKeyId: '',
    };
  }
  const arn = `arn:aws:iam::${AccountId}:user/${UserName}`;
  return { type: 'IAMUser', arn, accountId: AccountId, userName: UserName.replace(/^.*\//, '') };
}

function networkActivity(report: NetworkActivityReport, defaults: ReportDefaults): ReportedRecord {
  const { AccountId, CallerAccountId, ErrorCode, ErrorMessage, VpcEndpointId } = report;
  const { SourceIpAddress = INTERNAL } = report;
  return {
    ...head(report, defaults, seenFrom(AccountId, report.UserIdentity ?? foreigner(CallerAccountId ?? AccountId))),
    eventSource: report.EventSource,
    eventName: report.EventName,
    awsRegion: report.Region ?? defaults.region,
    sourceIPAddress: SourceIpAddress,
    ...(ErrorCode !== undefined && { errorCode: ErrorCode, errorMessage: ErrorMessage ?? DENIED_BY_ENDPOINT }),
    ...ids(report, defaults),
    eventType: 'AwsVpceEvent',
    ...recipient(report),
    vpcEndpointId: VpcEndpointId,
    vpcEndpointAccountId: AccountId,
    eventCategory: 'NetworkActivity',
  };
}

const DENIED_BY_ENDPOINT = 'The request was denied due to a VPC endpoint policy';

const foreigner = (accountId: string): UserIdentity => ({ type: 'AWSAccount', accountId });

/** An endpoint's owner sees of another account's principals no more than this (spec: records §8). */
function seenFrom(ownerId: string, identity: UserIdentity): UserIdentity {
  const { accountId, principalId } = identity;
  if (accountId === undefined || accountId === ownerId) return identity;
  return { type: 'AWSAccount', ...(principalId !== undefined && { principalId }), accountId };
}

const head = (report: ReportBase, { timeMs }: ReportDefaults, userIdentity: UserIdentity) => ({
  eventVersion: '1.11',
  userIdentity,
  eventTime: seconds(report.EventTime?.getTime() ?? timeMs),
});

const where = (report: ReportBase, { region }: ReportDefaults, service: string) => ({
  awsRegion: report.Region ?? region,
  sourceIPAddress: report.SourceIpAddress ?? service,
  userAgent: report.UserAgent ?? report.SourceIpAddress ?? service,
});

const ids = (report: ReportBase & { readonly RequestId?: string }, { eventId }: ReportDefaults) => ({
  ...(report.RequestId !== undefined && { requestID: report.RequestId }),
  eventID: report.EventId ?? eventId,
});

const recipient = ({ AccountId, SharedEventId }: ReportBase) => ({
  recipientAccountId: AccountId,
  ...(SharedEventId !== undefined && { sharedEventID: SharedEventId }),
});

const extra = ({ AdditionalEventData }: OfACall) =>
  AdditionalEventData === undefined ? {} : { additionalEventData: AdditionalEventData };

const resources = ({ Resources = [] }: OfACall): { resources?: ResourceEntry[] } =>
  Resources.length === 0
    ? {}
    : {
        resources: Resources.map(({ AccountId, Type, ARN }) => ({
          ...(AccountId !== undefined && { accountId: AccountId }),
          ...(Type !== undefined && { type: Type }),
          ARN,
        })),
      };

const seconds = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
