import type * as iam from '@aws-sdk/client-iam';
import { keys, NO_SETTINGS, type PasswordPolicy, type User } from '../../access/iam/entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError } from './errors.ts';
import { timeOf } from './output.ts';

/** A report is good for this long; until then asking for a new one gives the old (API reference, GenerateCredentialReport). */
const GOOD_MS = 4 * 3_600_000;
/** Reports in memory, 1 MB each for an account with all the users that it may have. Gone with the process, as if they had expired. */
const REPORTS_MAX = 100;

const KEY_COLUMNS = ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service'];
const COLUMNS = [
  ...['user', 'arn', 'user_creation_time', 'password_enabled', 'password_last_used', 'password_last_changed'],
  ...['password_next_rotation', 'mfa_active'],
  ...[1, 2].flatMap((n) => KEY_COLUMNS.map((column) => `access_key_${n}_${column}`)),
  ...['cert_1_active', 'cert_1_last_rotated', 'cert_2_active', 'cert_2_last_rotated'],
];
const NO_CERTIFICATES = ['false', 'N/A', 'false', 'N/A'];
const NO_KEY = ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
const DAY_MS = 86_400_000;

const time = (ms: number): string => timeOf(ms).toISOString().replace('.000Z', '+00:00');

export function createCredentialReportHandlers({ store, clock }: IamDeps): Record<string, Handler> {
  const { data, lastUsed } = store;
  const reports = new Map<string, { readonly content: Buffer; readonly generatedMs: number }>();

  async function keyCells(ids: readonly string[]): Promise<string[]> {
    const cells: string[] = [];
    for (const id of [ids[0], ids[1]]) {
      const key = id === undefined ? undefined : await data.get(keys.accessKey(id));
      const use = key && (await lastUsed.useOfKey(id!));
      if (!key) cells.push(...NO_KEY);
      else
        cells.push(
          String(key.active),
          time(key.createdMs),
          ...(use ? [time(use.usedMs), use.region, use.service] : ['N/A', 'N/A', 'N/A']),
        );
    }
    return cells;
  }

  async function passwordCells({ login, userId }: User, policy: PasswordPolicy | undefined): Promise<string[]> {
    if (!login) return ['false', 'N/A', 'N/A', 'N/A'];
    const days = policy?.MaxPasswordAge;
    const use = await lastUsed.useOfPassword(userId);
    return [
      'true',
      use ? time(use.usedMs) : 'no_information',
      time(login.changedMs),
      days === undefined ? 'N/A' : time(login.changedMs + days * DAY_MS),
    ];
  }

  async function makeReport(accountId: string): Promise<string> {
    const [users, devices, account, settings] = await Promise.all([
      data.list(keys.users(accountId)),
      data.list(keys.mfaDevices(accountId)),
      data.get(keys.account(accountId)),
      data.get(keys.settings(accountId)),
    ]);
    const { rootKeyIds, passwordPolicy } = settings ?? NO_SETTINGS;
    const withMfa = new Set(devices.map(({ userName }) => userName));
    const root = ['<root_account>', `arn:aws:iam::${accountId}:root`, time(account?.createdMs ?? 0)];
    const rows = [
      COLUMNS,
      [
        ...root,
        'not_supported',
        'no_information',
        'not_supported',
        'not_supported',
        'false',
        ...(await keyCells(rootKeyIds)),
        ...NO_CERTIFICATES,
      ],
    ];
    for (const user of users) {
      rows.push([
        user.userName,
        user.arn,
        time(user.createdMs),
        ...(await passwordCells(user, passwordPolicy)),
        String(withMfa.has(user.userName)),
        ...(await keyCells(user.accessKeyIds)),
        ...NO_CERTIFICATES,
      ]);
    }
    return rows.map((row) => row.map(cell).join(',')).join('\n');
  }

  return {
    async GenerateCredentialReport({ caller: { accountId } }): Promise<iam.GenerateCredentialReportResponse> {
      const now = clock.now();
      const known = reports.get(accountId);
      if (known && now - known.generatedMs < GOOD_MS) return { State: 'COMPLETE' };
      reports.delete(accountId);
      reports.set(accountId, { content: Buffer.from(await makeReport(accountId)), generatedMs: now });
      if (reports.size > REPORTS_MAX) reports.delete(reports.keys().next().value!);
      return { State: 'STARTED', Description: 'No report exists. Starting a new report generation task' };
    },

    async GetCredentialReport({ caller: { accountId } }): Promise<iam.GetCredentialReportResponse> {
      const report = reports.get(accountId);
      if (!report) throw iamError('ReportNotPresent', 'No report exists. Call GenerateCredentialReport first.');
      if (clock.now() - report.generatedMs >= GOOD_MS) {
        throw iamError(
          'ReportExpired',
          'The most recent credential report has expired. Call GenerateCredentialReport.',
        );
      }
      return { Content: report.content, ReportFormat: 'text/csv', GeneratedTime: timeOf(report.generatedMs) };
    },
  };
}

/** Names may have commas. */
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
