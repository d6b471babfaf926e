import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { State } from '../../ports/state.ts';
import { listTrails, type Trail, trailArn, trailKey } from '../../trails/trail.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';

/**
 * What each operation must be allowed to do: actions, resources and condition keys of AWS's service authorization
 * reference for CloudTrail, with the other permissions that its operations ask for (spec: access §1). Names that are no
 * names make an ARN all the same: what is wrong with them is told to those who are allowed.
 */
export function cloudTrailPermissions(state: State): PermissionTable {
  const trail = trailAccess(state);
  const trailOrStore = (action: string): Permission => trailOr(trail, action);

  return {
    // Trails
    CreateTrail: (context, input) => {
      const tags = recordOf(input.TagsList);
      const arn = arnOf(context, 'trail', input.Name);
      return [
        { action: 'cloudtrail:CreateTrail', resource: arn, context: requestTagContext(tags) },
        ...addTags(arn, tags),
        ...passingRole(input.CloudWatchLogsRoleArn),
        ...organization(input.IsOrganizationTrail),
      ];
    },
    UpdateTrail: async (context, input) => [
      await trail(context, 'UpdateTrail', input.Name),
      ...passingRole(input.CloudWatchLogsRoleArn),
      ...organization(input.IsOrganizationTrail),
    ],
    ...each(['DeleteTrail', 'GetTrail', 'GetTrailStatus', 'StartLogging', 'StopLogging'], (operation) => {
      return async (context, input) => [await trail(context, operation, input.Name)];
    }),
    ...each(['GetEventSelectors', 'PutEventSelectors'], (operation) => {
      return async (context, input) => [await trail(context, operation, input.TrailName)];
    }),
    ...each(
      ['GetInsightSelectors', 'PutInsightSelectors', 'GetEventConfiguration', 'PutEventConfiguration'],
      trailOrStore,
    ),

    // What knows no resources
    ...each(
      ['DescribeTrails', 'ListTrails', 'ListPublicKeys', 'LookupEvents', 'ListChannels', 'ListDashboards'],
      onEverything,
    ),
    ...each(['ListEventDataStores', 'ListImports', 'ListImportFailures', 'SearchSampleQueries'], onEverything),
    ...each(['GetImport', 'StopImport'], onEverything),
    ...each(['RegisterOrganizationDelegatedAdmin', 'DeregisterOrganizationDelegatedAdmin'], (operation) => () => [
      { action: `cloudtrail:${operation}`, resource: '*' },
      {
        action: `organizations:${operation.startsWith('R') ? 'Register' : 'Deregister'}DelegatedAdministrator`,
        resource: '*',
      },
      { action: 'organizations:ListAWSServiceAccessForOrganization', resource: '*' },
    ]),

    // Insights
    ListInsightsMetricData: async (context, { TrailName }) => [
      { action: 'cloudtrail:LookupEvents', resource: '*' },
      ...(TrailName === undefined ? [] : [await trail(context, 'ListInsightsData', TrailName)]),
    ],
    ListInsightsData: async (context, input) => [await trail(context, 'ListInsightsData', input.InsightSource)],

    // Tags and policies of any kind of resource
    AddTags: async (context, input) => {
      const tags = requestTagContext(recordOf(input.TagsList));
      return [await tagged(state, context, 'AddTags', input.ResourceId, tags)];
    },
    RemoveTags: async (context, input) => {
      const tags = requestTagContext(recordOf(input.TagsList));
      return [await tagged(state, context, 'RemoveTags', input.ResourceId, tags)];
    },
    ListTags: (context, input) => {
      const arns: readonly string[] = input.ResourceIdList ?? [];
      return Promise.all(arns.slice(0, LISTED_IDS_MAX).map((arn) => tagged(state, context, 'ListTags', arn, {})));
    },
    ...each(['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy'], (operation) => (_context, input) => [
      { action: `cloudtrail:${operation}`, resource: input.ResourceArn ?? '*' },
    ]),

    // Event data stores
    CreateEventDataStore: (context, input) => {
      const tags = recordOf(input.TagsList);
      const arn = arnOf(context, 'eventdatastore', '*');
      return [
        { action: 'cloudtrail:CreateEventDataStore', resource: arn, context: requestTagContext(tags) },
        ...addTags(arn, tags),
        ...usingKey(input.KmsKeyId),
        ...organization(input.OrganizationEnabled),
      ];
    },
    UpdateEventDataStore: (context, input) => [
      onStore(context, 'UpdateEventDataStore', input.EventDataStore),
      ...usingKey(input.KmsKeyId),
      ...organization(input.OrganizationEnabled),
    ],
    ...each(
      ['DeleteEventDataStore', 'GetEventDataStore', 'RestoreEventDataStore', 'DisableFederation', 'ListQueries'],
      onStoreOf,
    ),
    ...each(['StartEventDataStoreIngestion', 'StopEventDataStoreIngestion'], onStoreOf),
    ...each(['CancelQuery', 'DescribeQuery', 'GetQueryResults'], onStoreOf),
    EnableFederation: (context, input) => [
      onStore(context, 'EnableFederation', input.EventDataStore),
      ...passingRole(input.FederationRoleArn),
    ],
    StartQuery: (context, input) => onStores(context, 'StartQuery', storesIn([input.QueryStatement])),
    GenerateQuery: (context, input) => onStores(context, 'GenerateQuery', input.EventDataStores),
    StartImport: (context, input) => onStores(context, 'StartImport', input.Destinations),

    // Channels
    CreateChannel: (context, input) => {
      const tags = recordOf(input.Tags);
      const arn = arnOf(context, 'channel', '*');
      return [
        { action: 'cloudtrail:CreateChannel', resource: arn, context: requestTagContext(tags) },
        ...destinations(context, 'CreateChannel', input.Destinations),
        ...addTags(arn, tags),
      ];
    },
    UpdateChannel: (context, input) => [
      { action: 'cloudtrail:UpdateChannel', resource: arnOf(context, 'channel', input.Channel) },
      ...destinations(context, 'UpdateChannel', input.Destinations),
    ],
    ...each(['GetChannel', 'DeleteChannel'], (operation) => (context, input) => [
      { action: `cloudtrail:${operation}`, resource: arnOf(context, 'channel', input.Channel) },
    ]),

    // Dashboards
    CreateDashboard: (context, input) => {
      const tags = recordOf(input.TagsList);
      const arn = arnOf(context, 'dashboard', input.Name);
      return [
        { action: 'cloudtrail:CreateDashboard', resource: arn, context: requestTagContext(tags) },
        ...refreshing(context, arn, input),
        ...addTags(arn, tags),
      ];
    },
    UpdateDashboard: (context, input) => {
      const arn = arnOf(context, 'dashboard', input.DashboardId);
      return [{ action: 'cloudtrail:UpdateDashboard', resource: arn }, ...refreshing(context, arn, input)];
    },
    ...each(['GetDashboard', 'DeleteDashboard', 'StartDashboardRefresh'], (operation) => (context, input) => [
      { action: `cloudtrail:${operation}`, resource: arnOf(context, 'dashboard', input.DashboardId) },
    ]),
  };
}

type TrailAccess = (context: CallContext, operation: string, nameOrArn: string | undefined) => Promise<AccessRequest>;
interface Tag {
  readonly Key?: string;
  readonly Value?: string | null;
}

/** AWS takes up to 20 of them; what is more than that the operation itself refuses. */
const LISTED_IDS_MAX = 20;

const each = (operations: readonly string[], permission: (operation: string) => Permission): PermissionTable =>
  Object.fromEntries(operations.map((operation) => [operation, permission(operation)]));

const onEverything =
  (operation: string): Permission =>
  () => [{ action: `cloudtrail:${operation}`, resource: '*' }];

/** The ARN of what a name, an id or an ARN means in the caller's account and Region. */
function arnOf({ caller, region }: CallContext, kind: string, reference = ''): string {
  if (reference.startsWith('arn:')) return reference;
  return `arn:aws:cloudtrail:${region}:${caller.accountId}:${kind}/${reference}`;
}

/** On one trail, with its tags; a name may mean a shadow, whose trail is in another Region. */
function trailAccess(state: State): TrailAccess {
  return async (context, operation, nameOrArn = '') => {
    const trail = await referredTrail(state, context, nameOrArn);
    return {
      action: `cloudtrail:${operation}`,
      resource: trail?.arn ?? arnOf(context, 'trail', nameOrArn),
      ...(trail && { context: resourceTags(trail) }),
    };
  };
}

async function referredTrail(state: State, { caller, region }: CallContext, nameOrArn: string) {
  const { accountId } = caller;
  if (nameOrArn.startsWith('arn:')) return trailOfArn(state, accountId, nameOrArn);
  const own = await state.get<Trail>(trailKey({ accountId, homeRegion: region, name: nameOrArn }));
  if (own) return own.value;
  const shadows = await listTrails(state, accountId);
  return shadows.find(({ value }) => value.isMultiRegion && value.name === nameOrArn)?.value;
}

/** One of the account's own, or of an organization: whose member sees it is told by the operation. */
async function trailOfArn(state: State, accountId: string, arn: string): Promise<Trail | undefined> {
  const [, , , homeRegion = '', owner = '', resource = ''] = arn.split(':');
  const name = resource.slice('trail/'.length);
  if (trailArn(homeRegion, owner, name) !== arn) return undefined;
  const trail = (await state.get<Trail>(trailKey({ accountId: owner, homeRegion, name })))?.value;
  return owner === accountId || trail?.organizationId !== undefined ? trail : undefined;
}

const resourceTags = ({ tags }: Trail) => tagContext('aws:ResourceTag', recordOf(tags));

const trailOr =
  (trail: TrailAccess, operation: string): Permission =>
  async (context, { TrailName, EventDataStore }) => [
    EventDataStore === undefined
      ? await trail(context, operation, TrailName)
      : onStore(context, operation, EventDataStore),
  ];

const onStore = (context: CallContext, operation: string, reference: string | undefined): AccessRequest => ({
  action: `cloudtrail:${operation}`,
  resource: reference === undefined ? '*' : arnOf(context, 'eventdatastore', reference),
});
const onStoreOf =
  (operation: string): Permission =>
  (context, input) => [onStore(context, operation, input.EventDataStore)];
const onStores = (context: CallContext, operation: string, stores: readonly string[] = []): readonly AccessRequest[] =>
  stores.length === 0
    ? [onStore(context, operation, undefined)]
    : stores.map((store) => onStore(context, operation, store));

/** The stores that queries read from. */
function storesIn(queries: readonly (string | undefined)[]): string[] {
  const ids = queries.flatMap((query = '') => [...query.matchAll(/\b(?:from|join)\s+["`]?([0-9a-f-]{36})\b/gi)]);
  return [...new Set(ids.map(([, id]) => id!.toLowerCase()))];
}

const destinations = (
  context: CallContext,
  operation: string,
  list: readonly { readonly Type?: string; readonly Location?: string }[] = [],
): AccessRequest[] =>
  list.filter(({ Type }) => Type === 'EVENT_DATA_STORE').map(({ Location }) => onStore(context, operation, Location));

/** A dashboard asks its stores, and whoever has it refreshed does so with their own permissions. */
function refreshing(
  context: CallContext,
  arn: string,
  {
    Widgets,
    RefreshSchedule,
  }: { readonly Widgets?: readonly { readonly QueryStatement?: string }[]; readonly RefreshSchedule?: unknown },
): AccessRequest[] {
  const stores = storesIn((Widgets ?? []).map(({ QueryStatement }) => QueryStatement));
  return [
    ...stores.map((store) => onStore(context, 'StartQuery', store)),
    ...(RefreshSchedule === undefined ? [] : [{ action: 'cloudtrail:StartDashboardRefresh', resource: arn }]),
  ];
}

const addTags = (resource: string, tags: Readonly<Record<string, string>>): AccessRequest[] =>
  Object.keys(tags).length === 0 ? [] : [{ action: 'cloudtrail:AddTags', resource, context: requestTagContext(tags) }];

const passingRole = (resource: string | undefined): AccessRequest[] =>
  !resource
    ? []
    : [{ action: 'iam:PassRole', resource, context: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } }];

const usingKey = (resource: string | undefined): AccessRequest[] =>
  !resource ? [] : ['kms:Decrypt', 'kms:GenerateDataKey'].map((action) => ({ action, resource }));

/** What an organization's trail or store asks for besides, as its service-linked role may have to be made. */
const organization = (wanted: boolean | undefined): AccessRequest[] =>
  wanted === true
    ? ['iam:CreateServiceLinkedRole', 'iam:GetRole', 'organizations:ListAWSServiceAccessForOrganization'].map(
        (action) => ({ action, resource: '*' }),
      )
    : [];

async function tagged(
  state: State,
  { caller }: CallContext,
  operation: string,
  arn: string | undefined,
  context: NonNullable<AccessRequest['context']>,
): Promise<AccessRequest> {
  const trail = arn === undefined ? undefined : await trailOfArn(state, caller.accountId, arn);
  return {
    action: `cloudtrail:${operation}`,
    resource: arn ?? '*',
    context: { ...(trail && resourceTags(trail)), ...context },
  };
}

const recordOf = (tags: readonly Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value }) => [Key, Value ?? '']));
