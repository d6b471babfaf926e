import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { compileSigmaRule, PatternError, type SigmaRule, sigmaRecord } from '../event/sigma/index.ts';
import type { OpenTrailClient } from './client.ts';
import { lineGroups } from './lines.ts';
import { printable } from './printable.ts';
import { oneLine } from './tail.ts';

interface Rule {
  readonly RuleId: string;
  readonly AccountId: string;
  readonly Title: string;
  readonly Level: string;
  readonly AllAccounts: boolean;
  readonly AddedAt: string;
}

export interface OfAccount {
  /** Another account than the caller's: for the operator. */
  readonly account?: string;
}

type Print = (text: string) => void;
const RULES = '/opentrail/v1/rules';

/**
 * `opentrail rules add`: sends Sigma rules, each file by itself.
 * @param paths `.yml` and `.yaml` files, or folders with such
 * @returns the exit code: 1 when any was refused
 */
export async function addRules(
  client: OpenTrailClient,
  paths: readonly string[],
  options: OfAccount & { readonly allAccounts?: boolean },
  print: Print,
): Promise<number> {
  const files = paths.flatMap(filesIn);
  if (files.length === 0) throw new OperatorError(`${paths.join(', ')}: no .yml or .yaml files there.`);
  const counts = { ADDED: 0, UPDATED: 0, REFUSED: 0 };
  for (const file of files) {
    const body = JSON.stringify({ Text: read(file), ...(options.allAccounts && { AllAccounts: true }) });
    try {
      const { Status, Title } = await client.json<Rule & { Status: 'ADDED' | 'UPDATED' }>('POST', RULES, {
        query: { account: options.account },
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(body),
      });
      counts[Status]++;
      print(`${Status.toLowerCase().padEnd(8)}${printable(Title)}`);
    } catch (error) {
      if (!(error instanceof OperatorError) || !error.message.includes(INVALID)) throw error;
      counts.REFUSED++;
      const why = error.message.slice(error.message.indexOf(INVALID) + INVALID.length);
      print(`refused ${file}:${printable(why.replace(/^:/, ''))}`);
    }
  }
  print(`${counts.ADDED} rules added, ${counts.UPDATED} updated, ${counts.REFUSED} refused`);
  return counts.REFUSED === 0 ? 0 : 1;
}

/** How the server begins when it refuses a rule for what stands in it. */
const INVALID = 'Invalid Sigma rule';

/** `opentrail rules list`: a line a rule. */
export async function listRules(client: OpenTrailClient, { account }: OfAccount): Promise<readonly string[]> {
  return (await rulesOf(client, account)).map(({ RuleId, AccountId, Title, Level, AllAccounts }) =>
    printable(
      `${RuleId.padEnd(36)}  ${AllAccounts ? 'every account'.padEnd(13) : `${AccountId} `}  ${Level.padEnd(13)}  ${Title}`,
    ),
  );
}

/** `opentrail rules remove`. @param names ids or titles */
export async function removeRules(
  client: OpenTrailClient,
  names: readonly string[],
  { account }: OfAccount,
  print: Print,
): Promise<void> {
  const rules = await rulesOf(client, account);
  for (const rule of names.map((name) => pick(rules, name))) {
    await client.json('DELETE', pathOf(rule), { query: { account: rule.AccountId } });
    print(`removed ${printable(rule.Title)}`);
  }
}

export interface TestOptions extends OfAccount {
  readonly sinceMs: number;
  /** Whole records instead of lines. */
  readonly json: boolean;
}

/**
 * `opentrail rules test`: what a rule matches among the events that are there, whether it is added yet or not.
 * @param name a file, or the id or title of a rule
 * @returns the exit code
 */
export async function testRule(
  client: OpenTrailClient,
  name: string,
  options: TestOptions,
  print: Print,
): Promise<number> {
  const rule = isFile(name) ? compile(name, read(name)) : await compileStored(client, name, options.account);
  const query = { account: options.account, since: new Date(options.sinceMs).toISOString(), follow: 'false' };
  const answer = await client.request('GET', '/opentrail/v1/tail', { query });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  let [events, matches] = [0, 0];
  for await (const lines of lineGroups(answer.body)) {
    for (const line of lines) {
      events++;
      if (!rule.matches(sigmaRecord(JSON.parse(line)))) continue;
      matches++;
      print(options.json ? line : oneLine(line));
    }
  }
  if (!options.json) print(`${printable(rule.title)}: ${matches} of ${events} events match`);
  return 0;
}

async function compileStored(client: OpenTrailClient, name: string, account: string | undefined): Promise<SigmaRule> {
  const rule = pick(await rulesOf(client, account), name);
  const { Text } = await client.json<{ Text: string }>('GET', pathOf(rule), { query: { account: rule.AccountId } });
  return compile(rule.Title, Text);
}

function compile(name: string, text: string): SigmaRule {
  try {
    return compileSigmaRule(text);
  } catch (error) {
    throw error instanceof PatternError ? new OperatorError(`${name}: ${error.message}`) : error;
  }
}

const pathOf = ({ RuleId }: Rule): string => `${RULES}/${encodeURIComponent(RuleId)}`;

async function rulesOf(client: OpenTrailClient, account: string | undefined): Promise<readonly Rule[]> {
  return (await client.json<{ Rules: readonly Rule[] }>('GET', RULES, { query: { account } })).Rules;
}

function pick(rules: readonly Rule[], name: string): Rule {
  const wanted = name.toLowerCase();
  const found = rules.filter(({ RuleId, Title }) => RuleId.toLowerCase() === wanted || Title.toLowerCase() === wanted);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new OperatorError(`No rule is named ${name}. \`opentrail rules list\` shows them.`);
  throw new OperatorError(
    `${found.length} rules are named ${name}. Use an id, or --account: \`opentrail rules list\` shows them.`,
  );
}

function filesIn(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => /\.ya?ml$/i.test(name))
      .map((name) => join(path, name))
      .sort();
  } catch (error) {
    throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}.`);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}.`);
  }
}
