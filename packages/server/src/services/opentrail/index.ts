import type { Permission, Service } from '../../wire/service.ts';
import { createAccountHandlers } from './accounts.ts';
import { denied, type OpenTrailDeps } from './deps.ts';
import { createExportEvents } from './export-events.ts';
import { createGetStatus } from './get-status.ts';
import { createIntake } from './intake.ts';
import { objectReader } from './parts.ts';
import { createPutRecords, PUT_RECORDS_BYTES_MAX } from './put-records.ts';
import { createReadObjects } from './read-objects.ts';
import { createReportEvents } from './report-events.ts';
import { createRuleHandlers } from './rules.ts';
import { createSearchEvents } from './search-events.ts';
import { createTailRecords } from './tail-records.ts';
import { createTestEventSelectors } from './test-event-selectors.ts';
import { createVerifyTrail } from './verify-trail.ts';
import { permissionToSee } from './whose-records.ts';

/**
 * OpenTrail's own operations, for what AWS has no API for: taking native CloudTrail records, following the Log live,
 * making accounts, rules over events. Signed like every AWS call, under the service name `opentrail`; documented in docs/native-api.md.
 */
export function openTrailService(deps: OpenTrailDeps): Service {
  const intake = createIntake(deps);
  const readObject = objectReader(deps.within);
  const toSee: Permission = (context, { AccountId }) => permissionToSee(deps, context, AccountId);
  const operations = {
    PutRecords: createPutRecords(deps, intake),
    ReportEvents: createReportEvents(deps.random, intake),
    ReadObjects: createReadObjects(readObject),
    TailRecords: createTailRecords(deps),
    GetStatus: createGetStatus(deps),
    TestEventSelectors: createTestEventSelectors(deps),
    VerifyTrail: createVerifyTrail({ within: deps.within, readObject }),
    ...createAccountHandlers(deps),
    ...createRuleHandlers(deps),
    SearchEvents: createSearchEvents(deps),
    ExportEvents: createExportEvents(deps),
  };
  return {
    schema: deps.schema,
    bodyBytesMax: PUT_RECORDS_BYTES_MAX,
    operations,
    permissions: {
      ...Object.fromEntries(Object.keys(operations).map((name) => [name, onEverything(name)])),
      ReadObjects: 's3:GetObject is asked for each of its objects',
      ...Object.fromEntries([...READERS].map((name) => [name, toSee])),
      // The operator's principals are shown the rules of all accounts, unless they name one.
      ListRules: ({ caller }, { AccountId }) =>
        onAccount(
          'ListRules',
          String(AccountId ?? (caller.accountId === deps.operatorAccountId ? '*' : caller.accountId)),
        ),
    },
    /** What only the operator's account may do, whatever its policies say. */
    async authorize(context, input) {
      const target = input.AccountId as string | undefined;
      const own = context.caller.accountId;
      if (own === deps.operatorAccountId) return;
      if (READERS.has(context.operation)) return; // `toSee` knows of organizations
      if (OPERATOR_ONLY.has(context.operation) || (target !== undefined && target !== own)) {
        throw denied(context, deps.operatorAccountId);
      }
    },
  };
}

/** OpenTrail's own operations know no resources, but whose records they are about. */
const onEverything =
  (operation: string): Permission =>
  ({ caller }, { AccountId = caller.accountId }) =>
    onAccount(operation, String(AccountId));

const onAccount = (operation: string, accountId: string) => [
  { action: `opentrail:${operation}`, resource: '*', context: { 'opentrail:AccountId': accountId } },
];

/** What shows records: of whom is decided by `whoseRecords`. */
const READERS: ReadonlySet<string> = new Set(['SearchEvents', 'ExportEvents', 'TailRecords']);
const OPERATOR_ONLY: ReadonlySet<string> = new Set(['CreateAccount', 'GetStatus', 'ReportEvents']);
