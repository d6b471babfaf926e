import type { OpenTrailClient } from './client.ts';

/** `opentrail account create ID`. @returns what to type to use it; the secret stays in the credentials file */
export async function createAccount(client: OpenTrailClient, id: string): Promise<string> {
  const made = await client.json<{ AccountId: string; UserName: string; AccessKeyId: string }>(
    'POST',
    '/opentrail/v1/accounts',
    { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ AccountId: id })) },
  );
  return `Account ${made.AccountId} with administrator ${made.UserName} (${made.AccessKeyId}).
Use it with: export AWS_PROFILE=opentrail-${made.AccountId}`;
}

export async function listAccounts(client: OpenTrailClient): Promise<readonly string[]> {
  const { Accounts } = await client.json<{ Accounts: { AccountId: string }[] }>('GET', '/opentrail/v1/accounts', {});
  return Accounts.map((account) => account.AccountId);
}
