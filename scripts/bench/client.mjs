import { join } from 'node:path';
import { dist } from './dist.mjs';
import { pause } from './measure.mjs';
import { createSender } from './sender.mjs';
import { ACCOUNT, REGION } from './server.mjs';

const [{ createClient }, { findCredentials }, { systemClock }] = await Promise.all(
  ['cli/client.js', 'cli/credentials.js', 'base/clock.js'].map(dist),
);

/** After an answer that says "not now". AWS's SDKs wait about as long before their first retry. */
const RETRY_PAUSE_MS = 50;

/** A client of the server with keep-alive connections; every request is signed. */
export function clientOf(server, { connections = 4, credentials } = {}) {
  const place = {
    endpoint: server.endpoint,
    credentials: credentials ?? findCredentials({}, join(server.dataDir, 'credentials')),
    region: REGION,
    connections,
  };
  const client = createClient({ ...place, clock: systemClock });
  const records = createSender({ ...place, path: '/opentrail/v1/records' });
  let pushbacks = 0;

  async function send(method, path, call) {
    const { status, body } = await client.request(method, path, call);
    const parts = [];
    for await (const part of body) parts.push(part);
    return { status, body: Buffer.concat(parts) };
  }

  /** Sends until it is taken; what is refused for load is sent again, and counted. @throws for any other answer */
  async function putRecords(body) {
    for (;;) {
      const answer = await records.post(body);
      if (answer.status === 200 && answer.body.includes('"RefusedCount":0')) return;
      if (answer.status !== 503) throw unexpected('PutRecords', answer);
      pushbacks++;
      await pause(RETRY_PAUSE_MS);
    }
  }

  /** @returns the answer as bytes: parsing it is not what is measured */
  async function lookupEvents(input) {
    const answer = await send('POST', '/', {
      service: 'cloudtrail',
      headers: LOOKUP_EVENTS,
      body: Buffer.from(JSON.stringify(input)),
    });
    if (answer.status !== 200) throw unexpected('LookupEvents', answer);
    return answer.body;
  }

  /** @returns the answer as bytes */
  async function searchEvents(input) {
    const body = Buffer.from(JSON.stringify(input));
    const answer = await send('POST', '/opentrail/v1/search', { headers: JSON_BODY, body });
    if (answer.status !== 200) throw unexpected('SearchEvents', answer);
    return answer.body;
  }

  /** A bucket and a trail with validation in one Region that logs to it. @returns the trail's ARN */
  async function makeTrail(name, more = {}) {
    const bucket = `${name}-bucket`;
    const s3 = async (path, body) => {
      const answer = await client.fetched('PUT', path, { service: 's3', body: Buffer.from(body) });
      if (answer.status >= 300) throw unexpected(`PUT ${path}`, answer);
    };
    await s3(`/${bucket}`, '');
    await s3(`/${bucket}?policy`, bucketPolicy(bucket));
    const input = { Name: name, S3BucketName: bucket, EnableLogFileValidation: true, ...more };
    const { TrailARN } = await client.cloudTrail('CreateTrail', input);
    await client.cloudTrail('StartLogging', { Name: name });
    return TrailARN;
  }

  /** An operation of a query service. @returns the answer's XML */
  async function query(service, Version, Action, input) {
    const body = Buffer.from(new URLSearchParams({ Action, Version, ...input }).toString());
    const answer = await client.fetched('POST', '/', { service, headers: FORM, body });
    if (answer.status !== 200) throw unexpected(Action, answer);
    return answer.body.toString();
  }
  const iam = (action, input) => query('iam', '2010-05-08', action, input);

  /** An operation of a JSON service. @param target as X-Amz-Target has it: `Logs_20140328.CreateLogGroup` */
  const json = (service, target, input) =>
    client.json('POST', '/', {
      service,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body: Buffer.from(JSON.stringify(input)),
    });

  /** A Sigma rule. @param Text its YAML */
  const putRule = (Text) =>
    client.json('POST', '/opentrail/v1/rules', {
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ Text })),
    });

  /** A user with these managed policies. @returns credentials */
  async function makeUser(UserName, documents) {
    await iam('CreateUser', { UserName });
    for (const [i, PolicyDocument] of documents.entries()) {
      const made = await iam('CreatePolicy', { PolicyName: `${UserName}-${i}`, PolicyDocument });
      await iam('AttachUserPolicy', { UserName, PolicyArn: textOf(made, 'Arn') });
    }
    const key = await iam('CreateAccessKey', { UserName });
    return { accessKeyId: textOf(key, 'AccessKeyId'), secretAccessKey: textOf(key, 'SecretAccessKey') };
  }

  return {
    putRecords,
    putRule,
    json,
    query,
    iam,
    makeUser,
    lookupEvents,
    searchEvents,
    makeTrail,
    stopLogging: (name) => client.cloudTrail('StopLogging', { Name: name }),
    pushbacks: () => pushbacks,
    close: () => {
      client.close();
      records.close();
    },
  };
}

const textOf = (xml, element) => new RegExp(`<${element}>([^<]*)`).exec(xml)[1];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_BODY = { 'content-type': 'application/json' };
const LOOKUP_EVENTS = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'CloudTrail_20131101.LookupEvents',
};

const unexpected = (what, { status, body }) =>
  new Error(`${what} was answered with ${status}: ${body.toString('utf8', 0, 500)}`);

/** What AWS's user guide has a bucket allow. */
const bucketPolicy = (bucket) => {
  const allow = (Action, Resource) => ({
    Effect: 'Allow',
    Principal: { Service: 'cloudtrail.amazonaws.com' },
    Action,
    Resource,
  });
  const arn = `arn:aws:s3:::${bucket}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [allow('s3:GetBucketAcl', arn), allow('s3:PutObject', `${arn}/AWSLogs/${ACCOUNT}/*`)],
  });
};
