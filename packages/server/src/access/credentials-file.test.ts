import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OperatorError } from '../base/errors.ts';
import { updateCredentialsFile } from './credentials-file.ts';
import type { AccountKeys } from './identities.ts';

const pair = (name: string) => ({ accessKeyId: `AKIA${name}`, secretAccessKey: `secret${name}` });
const accounts = (...ids: string[]): AccountKeys[] =>
  ids.map((accountId) => ({ accountId, administrator: pair(`A${accountId}`), root: pair(`R${accountId}`) }));
const EXPECTED = `[opentrail]
aws_access_key_id = AKIAA1
aws_secret_access_key = secretA1

[opentrail-root]
aws_access_key_id = AKIAR1
aws_secret_access_key = secretR1

[opentrail-2]
aws_access_key_id = AKIAA2
aws_secret_access_key = secretA2
`;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opentrail-credentials-'));
  path = join(folder, 'credentials');
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = () => readFileSync(path, 'utf8');

it('is made for its owner alone, and made again when it is gone', () => {
  updateCredentialsFile(path, accounts('1', '2'), '1');
  expect(read()).toBe(EXPECTED);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  rmSync(path);
  updateCredentialsFile(path, accounts('1', '2'), '1');
  expect(read()).toBe(EXPECTED);
});

it('is not touched when nothing has changed', () => {
  updateCredentialsFile(path, accounts('1', '2'), '1');
  const before = statSync(path);
  updateCredentialsFile(path, accounts('1', '2'), '1');
  expect(statSync(path).ino).toBe(before.ino);
});

it('keeps what others wrote, and puts right what is ours', () => {
  const others = '# mine\n[default]\naws_access_key_id = X\n\n';
  writeFileSync(path, `${others}[ opentrail ] # old\naws_access_key_id = OLD\n\n[other]\nregion = r`, { mode: 0o600 });
  updateCredentialsFile(path, accounts('1', '2'), '1');
  const [own, rest] = [EXPECTED.split('\n\n')[0], EXPECTED.split('\n\n').slice(1).join('\n\n')];
  expect(read()).toBe(`${others}${own}\n\n[other]\nregion = r\n\n${rest}`);
  updateCredentialsFile(path, accounts('2'), '1');
  expect(read()).toContain('[opentrail]');
});

it('replaces what a process that died left beside it', () => {
  writeFileSync(`${path}.new`, 'half', { mode: 0o644 });
  updateCredentialsFile(path, accounts('1', '2'), '1');
  expect(read()).toBe(EXPECTED);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('is refused when others may read it, when it is a link, and when it cannot be written', () => {
  writeFileSync(path, '', { mode: 0o600 });
  chmodSync(path, 0o640);
  expect(() => updateCredentialsFile(path, accounts('1'), '1')).toThrow(/chmod 600/);
  rmSync(path);
  symlinkSync(join(folder, 'elsewhere'), path);
  expect(() => updateCredentialsFile(path, accounts('1'), '1')).toThrow(/not a plain file/);
  expect(() => updateCredentialsFile(join(folder, 'no', 'where'), accounts('1'), '1')).toThrow(OperatorError);
});
