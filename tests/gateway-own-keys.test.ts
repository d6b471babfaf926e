import { GetCallerIdentityCommand, GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, expect, test } from 'vitest';
import { freePort } from './support/moto.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';

afterAll(cleanUp);

test('the gateway knows the keys of the OpenTrail that it is part of, temporary ones by their tokens', async () => {
  const port = await freePort();
  // Its own upstream: so each call leaves two records, the gateway's and the service's own.
  const flags = { port, 'gateway-port': 0, upstream: `*=http://127.0.0.1:${port}`, signatures: 'require' };
  const server = await startOpenTrail({ flags });
  const { accessKeyId, secretAccessKey } = server;
  const sts = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
    new STSClient({ endpoint: server.gateway!, region: 'us-east-1', maxAttempts: 1, credentials });

  const Policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
  const federation = new GetFederationTokenCommand({ Name: 'visitor', Policy });
  const { Credentials: made } = await sts({ accessKeyId, secretAccessKey }).send(federation);
  const session = {
    accessKeyId: made!.AccessKeyId!,
    secretAccessKey: made!.SecretAccessKey!,
    sessionToken: made!.SessionToken!,
  };
  const { Arn } = await sts(session).send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe('arn:aws:sts::123456789012:federated-user/visitor');

  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false&eventName=GetCallerIdentity');
  const records = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { userIdentity: Record<string, unknown> });
  expect(records).toHaveLength(2);
  for (const { userIdentity } of records) {
    expect(userIdentity).toMatchObject({ type: 'FederatedUser', arn: Arn, accessKeyId: session.accessKeyId });
  }
  await server.stop();
});
