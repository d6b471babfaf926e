import type { Call } from './wire.ts';

/** Requests of the services here, as their clients make them. */
const json =
  (service: string, target: string) =>
  (operation: string, input: unknown = {}): Call => ({
    service,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.${operation}` },
    body: JSON.stringify(input),
    name: `${service}:${operation}`,
  });

const form =
  (service: string, version: string) =>
  (operation: string, input: Readonly<Record<string, string>> = {}): Call => ({
    service,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ Action: operation, Version: version, ...input }).toString(),
    name: `${service}:${operation}`,
  });

export const cloudTrail = json('cloudtrail', 'CloudTrail_20131101');
export const kms = json('kms', 'TrentService');
export const organizations = json('organizations', 'AWSOrganizationsV20161128');
export const iam = form('iam', '2010-05-08');
export const sts = form('sts', '2011-06-15');

/** @param path `/bucket/key?query`, percent-encoded */
export const s3 = (
  name: string,
  method: string,
  path: string,
  body = '',
  headers: Readonly<Record<string, string>> = {},
): Call => ({ service: 's3', method, path, headers, body, name: `s3:${name}` });

const OWN: Readonly<Record<string, readonly [method: string, path: string, body: string]>> = {
  CreateAccount: ['POST', '/opentrail/v1/accounts', '{"AccountId": "333333333333"}'],
  ListAccounts: ['GET', '/opentrail/v1/accounts', ''],
  PutRecords: ['POST', '/opentrail/v1/records', '{"eventTime": "2026-01-01T00:00:00Z"}'],
  ReportEvents: [
    'POST',
    '/opentrail/v1/reports',
    '{"Events": [{"SignIn": {"AccountId": "123456789012", "Success": true}}]}',
  ],
  TailRecords: ['GET', '/opentrail/v1/tail?follow=false', ''],
};
export const OWN_OPERATIONS = Object.keys(OWN);

/** @param query put behind the path, with its first sign */
export function own(operation: string, query = '', body?: string): Call {
  const [method, path, usual] = OWN[operation]!;
  return {
    service: 'opentrail',
    method,
    path: path + query,
    headers: method === 'POST' ? { 'content-type': 'application/json' } : {},
    body: body ?? usual,
    name: `opentrail:${operation}`,
  };
}
