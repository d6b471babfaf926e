import type { Authorizer } from '../access/authorizer.ts';
import type { Caller } from '../access/caller.ts';
import { keys } from '../access/iam/entities.ts';
import type { IamStore } from '../access/iam-store.ts';
import type { Accounts } from '../access/identities.ts';
import type { Clock } from '../base/clock.ts';
import { type ConsoleSession, csrfToken } from './sessions.ts';
import type { Standing } from './standing.ts';
import type { Visit } from './visit.ts';

export interface ViewDeps {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly authorizer: Pick<Authorizer, 'decide'>;
  readonly iam: Pick<IamStore, 'data'>;
  readonly clock: Clock;
  readonly region: string;
  readonly regions: readonly string[];
  readonly operatorAccountId: string;
}

/** What GET /session answers: who calls are made as, and what a page needs besides. */
export interface SessionView {
  readonly AccountId: string;
  readonly AccountAlias?: string;
  readonly Arn: string;
  readonly UserName?: string;
  /** As records call it: Root, IAMUser, AssumedRole, FederatedUser. */
  readonly Type: string;
  readonly MfaAuthenticated: boolean;
  readonly Region: string;
  readonly Regions: readonly string[];
  /** Accounts whose events may be seen here, for who may list them. */
  readonly Accounts?: readonly { readonly AccountId: string; readonly Alias?: string }[];
  /** The role switched to; the members above are its. */
  readonly Role?: {
    readonly RoleArn: string;
    readonly RoleName: string;
    readonly SessionName: string;
    readonly ExpiresAt: string;
    readonly SwitchedFrom: { readonly AccountId: string; readonly Arn: string; readonly UserName?: string };
  };
  readonly OperatorAccountId: string;
  readonly CsrfToken: string;
  readonly ExpiresAt: string;
}

export function createSessionView(deps: ViewDeps) {
  const aliasOf = async (accountId: string) => {
    const Alias = (await deps.iam.data.get(keys.settings(accountId)))?.alias;
    return Alias === undefined ? {} : { Alias };
  };

  /** Only for who may ask OpenTrail for them by its own operation. */
  async function accountsFor(caller: Caller, { http, secure }: Visit) {
    if (caller.accountId !== deps.operatorAccountId) return undefined;
    const facts = {
      timeMs: deps.clock.now(),
      sourceIp: http.sourceIp,
      userAgent: http.headers['user-agent'] ?? '',
      secureTransport: secure,
      region: deps.region,
    };
    const asked = {
      action: 'opentrail:ListAccounts',
      resource: '*',
      context: { 'opentrail:AccountId': caller.accountId },
    };
    if (!(await deps.authorizer.decide(caller, facts, asked)).allowed) return undefined;
    const ids = await deps.accounts.list();
    return Promise.all(ids.map(async (AccountId) => ({ AccountId, ...(await aliasOf(AccountId)) })));
  }

  return async (
    visit: Visit,
    cookie: string,
    session: ConsoleSession,
    { self, acting }: Standing,
  ): Promise<SessionView> => {
    const { accountId, arn, identity, principal } = acting;
    const { Alias: AccountAlias } = await aliasOf(accountId);
    const Accounts = await accountsFor(acting, visit);
    return {
      AccountId: accountId,
      ...(AccountAlias !== undefined && { AccountAlias }),
      Arn: arn,
      ...userNameOf(acting),
      Type: identity.type ?? '',
      MfaAuthenticated: principal.session?.mfa === true,
      Region: deps.region,
      Regions: deps.regions,
      ...(Accounts && { Accounts }),
      ...(session.role && {
        Role: {
          RoleArn: session.role.roleArn,
          RoleName: principal.name ?? '',
          SessionName: principal.session?.sessionName ?? '',
          ExpiresAt: isoTime(session.role.expiresMs),
          SwitchedFrom: { AccountId: self.accountId, Arn: self.arn, ...userNameOf(self) },
        },
      }),
      OperatorAccountId: deps.operatorAccountId,
      CsrfToken: csrfToken(cookie, session),
      ExpiresAt: isoTime(session.expiresMs),
    };
  };
}

export type SessionViewOf = ReturnType<typeof createSessionView>;

/** Root's userName is its account's alias. */
const userNameOf = ({ identity, principal }: Caller) =>
  principal.kind === 'user' && identity.userName !== undefined ? { UserName: identity.userName } : {};

const isoTime = (ms: number): string => new Date(ms).toISOString();
