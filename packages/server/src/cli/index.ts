import { Argument, type Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import { createAccount, listAccounts } from './account.ts';
import type { OpenTrailClient } from './client.ts';
import { configJson, configTable } from './config-show.ts';
import { CLIENT_SETTINGS, envExports } from './env.ts';
import { countOf } from './numbers.ts';
import { createProgram, type Options, parse } from './program.ts';
import { load, withClients, withSettings } from './settings.ts';
import { momentOf } from './times.ts';
import { addVerify } from './verify/command.ts';

/** Runs one command line. @returns the exit code @throws OperatorError for what the operator must mend */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram();
  const done = (code: number) => {
    exitCode = code;
  };
  const print = (text: string) => {
    process.stdout.write(`${text}\n`);
  };

  withSettings(program.command('serve'), 'all')
    .description('serve the AWS endpoint until told to stop')
    .action(async (options) => done(await (await import('./serve.ts')).serve(load(program, options))));

  withSettings(program.command('gateway'), 'all')
    .description('run the capture gateway on its own: calls pass to the upstreams, their records go to a server')
    .action(async (options) => done(await (await import('./gateway.ts')).gateway(load(program, options).config)));

  withSettings(program.command('env'), CLIENT_SETTINGS)
    .description('print the exports with which AWS clients find this OpenTrail: eval "$(opentrail env)"')
    .option('--profile <name>', 'profile of the credentials file', 'opentrail')
    .action((options) => print(envExports(load(program, options).config, options.profile)));

  const config = program.command('config').description('the settings');
  withSettings(config.command('show'), 'all')
    .description('show every setting, its value and where it comes from')
    .option('--json', 'as JSON')
    .action((options) => print((options.json ? configJson : configTable)(load(program, options))));

  withSettings(program.command('import'), CLIENT_SETTINGS)
    .description('send the CloudTrail records of files and folders to a running OpenTrail, each once and byte for byte')
    .argument('<path...>', '.json, .json.gz, .ndjson files, or folders of them (a whole bucket)')
    .option('--as-account <id>', 'file all records under this account, whatever they say themselves')
    .option('--again', 'read files again that an earlier import has finished')
    .option('--quiet', 'no progress bar')
    .action(async (paths: string[], options) => {
      const { importRecords } = await import('./import/index.ts');
      const { asAccount, again = false, quiet = false } = options;
      await withClient(options, async (client) =>
        done(await importRecords(client, systemClock, { paths, quiet, again, ...(asAccount && { asAccount }) })),
      );
    });

  addVerify(program, done, {
    add: (command) => withSettings(command, CLIENT_SETTINGS),
    use: (options, use) => withClients(program, options, use),
  });

  const finding = (command: Command) =>
    withSettings(command, CLIENT_SETTINGS)
      .option('--since <time>', 'events from this time on: 2026-01-31T23:59Z, 12h, 7d (default: all)')
      .option('--until <time>', 'events up to this time')
      .option('--account <id>', 'only events of this account')
      .option('--oldest', 'the oldest first');
  finding(program.command('search'))
    .description("find events: opentrail search 'eventName = DeleteBucket' --since 2h (docs/search.md)")
    .argument('[filter...]', 'such as: userName = alice and errorCode exists "some text"')
    .option('-n, --limit <count>', 'show at most so many events, or all', '1000')
    .option('--json', 'whole records, one a line; of figures: the answer')
    .option('--table', 'a table')
    .option('--columns <fields>', 'of the table: userName,requestParameters.bucketName')
    .option('--count', 'the number of events instead of the events')
    .option('--facets <fields>', 'the most frequent values of these fields instead of the events: userName,eventName')
    .option('--facet-limit <count>', 'values of each', '10')
    .option('--histogram', 'how the events lie in time instead of the events')
    .action(async (words: string[], o) => {
      const { limitOf, search, searchFigures } = await import('./search.ts');
      const { fieldList, foundBy } = await import('./search-filter.ts');
      const { TABLE_COLUMNS } = await import('./search-table.ts');
      const found = foundBy(words.join(' '), o, systemClock.now());
      const facets = fieldList(o.facets ?? '');
      const [count, histogram, json] = [o.count === true, o.histogram === true, o.json === true];
      const columns = o.columns === undefined ? TABLE_COLUMNS : fieldList(o.columns);
      const shown = json ? 'json' : o.table === true || o.columns !== undefined ? 'table' : 'lines';
      const limit = limitOf(o.limit);
      await withClient(o, async (client) =>
        done(
          count || histogram || facets.length > 0
            ? await searchFigures(client, {
                found,
                facets,
                facetLimit: limitOf(o.facetLimit, '--facet-limit'),
                histogram,
                count,
                json,
              })
            : await search(client, { found, shown, limit, columns }),
        ),
      );
    });

  finding(program.command('export'))
    .description('write all events that a filter finds to a file: CSV, JSON, NDJSON or Parquet')
    .option('--filter <filter>', 'see docs/search.md (default: all events)', '')
    .option('--format <format>', 'csv, json, ndjson or parquet (default: as the file is named, else csv)')
    .option(
      '--columns <fields>',
      'userName,requestParameters.bucketName (default: those of AWS; whole records in JSON)',
    )
    .option('-n, --limit <count>', 'at most so many events', 'all')
    .option('-o, --output <file>', 'where to (default: standard output)')
    .option('--quiet', 'no progress')
    .action(async (o) => {
      const { EXPORT_FORMATS, exportEvents, formatOf } = await import('./export.ts');
      const { limitOf } = await import('./search.ts');
      const { fieldList, foundBy } = await import('./search-filter.ts');
      const format = o.format === undefined ? formatOf(o.output) : EXPORT_FORMATS.find((one) => one === o.format);
      if (format === undefined) throw new OperatorError(`--format takes ${EXPORT_FORMATS.join(', ')}.`);
      const options = {
        found: foundBy(o.filter, o, systemClock.now()),
        format,
        columns: fieldList(o.columns ?? ''),
        limit: limitOf(o.limit),
        file: o.output,
        quiet: o.quiet === true,
      };
      await withClient(o, async (client) => done(await exportEvents(client, systemClock, options)));
    });

  withSettings(program.command('tail'), CLIENT_SETTINGS)
    .description('show the newest events, and with -f each further one as it comes')
    .option('-f, --follow', 'go on as events come')
    .option('-n, --lines <count>', 'how many of the newest events to show first', '10')
    .option('--since <time>', 'all from this time on, instead of the newest: 2026-01-31T23:59Z, 12h, 7d')
    .option('--json', 'whole records, one a line')
    .option('--filter <filter>', "only events that this finds: 'errorCode exists and userName != bob' (docs/search.md)")
    .option('--event-name <name>')
    .option('--event-source <source>', 'such as s3.amazonaws.com')
    .option('--username <name>')
    .option('--error-code <code>')
    .option('--in-region <region>', 'only events of this Region')
    .option('--account <id>', 'only events of this account')
    .action(async (o) => {
      const { tail } = await import('./tail.ts');
      const { checkedFilter } = await import('./search-filter.ts');
      const filter = o.filter === undefined ? undefined : checkedFilter(o.filter);
      const { eventName, eventSource, username, errorCode, inRegion: region, account } = o;
      const filters = { filter, eventName, eventSource, username, errorCode, region, account };
      const since = o.since === undefined ? {} : { sinceMs: momentOf(o.since, systemClock.now()) };
      const shown = {
        follow: o.follow === true,
        json: o.json === true,
        lines: countOf(o.lines, '--lines', 0),
        ...since,
        filters,
      };
      await withClient(o, async (client) => done(await tail(client, shown)));
    });

  withSettings(program.command('report'), CLIENT_SETTINGS)
    .description('report what a service did by itself: service events, calls by its roles, sign-ins, network activity')
    .argument('<file>', 'one report as JSON, an array of them, or one a line; - for standard input')
    .action(async (file: string, o) => {
      const { report } = await import('./report.ts');
      await withClient(o, async (client) => done(await report(client, file)));
    });

  withSettings(program.command('policy'), CLIENT_SETTINGS)
    .description('print the least IAM policy that covers what a user, role or key has done')
    .option('--user <name>', 'user name or ARN')
    .option('--role <name>', 'role name or ARN')
    .option('--access-key <id>')
    .option('--account <id>', 'only calls in this account')
    .option('--since <time>', 'from this time on: 2026-01-31T23:59Z, 12h, 7d', '90d')
    .option('--until <time>', 'up to this time (default: now)')
    .action(async (o) => {
      const { policy } = await import('./policy.ts');
      const nowMs = systemClock.now();
      const sinceMs = momentOf(o.since, nowMs);
      const untilMs = o.until === undefined ? Number.POSITIVE_INFINITY : momentOf(o.until, nowMs);
      await withClient(o, async (client) => print(await policy(client, { ...o, sinceMs, untilMs })));
    });

  withSettings(program.command('doctor'), [...CLIENT_SETTINGS, 'objectsEndpoint'])
    .description('say what keeps a trail from delivering, and print what mends it: policies, commands')
    .argument('<trail>', 'trail name or ARN')
    .option('--json', 'as JSON')
    .action((trail: string, o) =>
      withClients(program, o, async (clientOf, { objectsEndpoint: outside }) => {
        const { doctor } = await import('./doctor/index.ts');
        done(await doctor(clientOf, systemClock, { trail, json: o.json === true, print, outside }));
      }),
    );

  const rules = program
    .command('rules')
    .description('Sigma rules over CloudTrail events: a match is an event of its own');
  const rulesCommand = (name: string) =>
    withSettings(rules.command(name), CLIENT_SETTINGS).option('--account <id>', 'rules of this account');
  rulesCommand('add')
    .description('add the rules of files and folders, or replace them by their newer text')
    .argument('<path...>', '.yml and .yaml files, or folders of them')
    .option('--all-accounts', 'watch the events of every account (operator account only)')
    .action((paths: string[], o) =>
      withClient(o, async (client) => done(await (await import('./rules.ts')).addRules(client, paths, o, print))),
    );
  rulesCommand('list')
    .description('list the rules')
    .action((o) => withClient(o, async (c) => (await (await import('./rules.ts')).listRules(c, o)).forEach(print)));
  rulesCommand('remove')
    .description('remove rules')
    .argument('<name...>', 'ids or titles')
    .action((names: string[], o) =>
      withClient(o, async (client) => (await import('./rules.ts')).removeRules(client, names, o, print)),
    );
  rulesCommand('test')
    .description('show what a rule matches among the events that are there')
    .argument('<name>', 'a file, or the id or title of a rule')
    .option('--since <time>', 'events accepted from this time on: 2026-01-31T23:59Z, 12h, 7d', '7d')
    .option('--json', 'whole records, one a line')
    .action((name: string, o) =>
      withClient(o, async (client) => {
        const { testRule } = await import('./rules.ts');
        const options = { ...o, sinceMs: momentOf(o.since, systemClock.now()), json: o.json === true };
        done(await testRule(client, name, options, print));
      }),
    );

  const selectors = program.command('selectors').description('event selectors of trails');
  withSettings(selectors.command('test'), CLIENT_SETTINGS)
    .description('show what selectors would have logged: events, bytes, by source')
    .argument('<target>', "a trail's name or ARN, or a file: what `aws cloudtrail put-event-selectors` takes")
    .option('--since <time>', 'events accepted from this time on: 2026-01-31T23:59Z, 12h, 7d', '24h')
    .option('--single-region', "of a file's selectors: as a trail of one Region")
    .option('--organization', "of a file's selectors: as an organization trail")
    .option('--json', 'as JSON')
    .action((target: string, o) =>
      withClients(program, o, async (clientOf) => {
        const { testSelectors } = await import('./selectors.ts');
        const sinceMs = momentOf(o.since, systemClock.now());
        const { singleRegion = false, organization = false, json = false } = o;
        await testSelectors(clientOf, { target, sinceMs, singleRegion, organization, json, print });
      }),
    );

  const monitor = program.command('monitor').description('filters and alarms over what trails deliver');
  withSettings(monitor.command('install'), CLIENT_SETTINGS)
    .description('make what is missing of a set of metric filters and alarms; cis: the CIS AWS Foundations Benchmark')
    .addArgument(new Argument('<set>').choices(['cis']))
    .option('--trail <name>', 'trail to watch (default: the first of all Regions)')
    .option('--log-group <name>', 'log group of the trail (default: its own, or CloudTrail/DefaultLogGroup)')
    .option('--topic <name>', 'name or ARN of the topic that is told', 'cis-alarms')
    .option('--dry-run', 'print what would be made, and make nothing')
    .action((_set: string, o) =>
      withClient(o, async (client) => {
        const { installCis } = await import('./monitor/install.ts');
        done(await installCis(client, { ...o, dryRun: o.dryRun === true, print }));
      }),
    );
  withSettings(monitor.command('status'), CLIENT_SETTINGS)
    .description('show of each control of the benchmark whether it is watched, and the state of its alarm')
    .action((o) =>
      withClient(o, async (client) => done(await (await import('./monitor/status.ts')).monitorStatus(client, print))),
    );

  const alarm = program.command('alarm').description('CloudWatch alarms');
  withSettings(alarm.command('test'), CLIENT_SETTINGS)
    .description('show when an alarm over metric filters would have fired, by the events that are there')
    .argument('<name>')
    .option('--since <time>', 'from this time on: 2026-01-31T23:59Z, 12h, 7d', '7d')
    .action((name: string, o) =>
      withClient(o, async (client) => {
        const { testAlarm } = await import('./alarm-test.ts');
        const nowMs = systemClock.now();
        done(await testAlarm(client, name, { sinceMs: momentOf(o.since, nowMs), nowMs, print }));
      }),
    );

  const account = program.command('account').description('the accounts of a running OpenTrail');
  withSettings(account.command('create'), CLIENT_SETTINGS)
    .description('make an account with a root and an administrator; its key goes to the credentials file')
    .argument('<id>', '12 digits')
    .action((id, options) => withClient(options, async (client) => print(await createAccount(client, id))));
  withSettings(account.command('list'), CLIENT_SETTINGS)
    .description('list the accounts')
    .action((options) => withClient(options, async (client) => print((await listAccounts(client)).join('\n'))));

  const withClient = (options: Options, use: (client: OpenTrailClient) => Promise<void>): Promise<void> =>
    withClients(program, options, (clientOf) => use(clientOf()));

  return (await parse(program, args)) || exitCode;
}
