import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import { AwsError } from '../base/errors.ts';
import { loadSchema } from '../schema/load.ts';
import { detect, operationFromForm } from './detect.ts';
import type { HttpRequest } from './request.ts';

const cloudtrail = loadSchema('cloudtrail');
const s3 = loadSchema('s3');
const sts = loadSchema('sts');
const SCHEMAS = [cloudtrail, loadSchema('cloudtrail-data'), loadSchema('opentrail'), s3, sts];
const SUFFIXES = ['localhost', 's3.localhost'];

function request(method: string, target: string, headers: Record<string, string> = {}): HttpRequest {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const query = [...new URLSearchParams(rawQuery)];
  return { method, rawPath, rawQuery, query, headers, host: headers.host ?? '127.0.0.1:4570', sourceIp: '127.0.0.1' };
}
const found = (signingName: string | undefined, http: HttpRequest, schemas = SCHEMAS) => {
  const d = detect(http, signingName, schemas, SUFFIXES);
  return d && { service: d.schema.id, protocol: d.protocol, operation: d.operation, unknown: d.unknownOperation };
};

describe('RPC services', () => {
  it.each(['CloudTrail_20131101.LookupEvents', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents'])(
    'are told by %s',
    (target) => {
      const http = request('POST', '/', { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' });
      const expected = { service: 'cloudtrail', protocol: 'awsJson1_1', operation: 'LookupEvents' };
      expect(found('cloudtrail', http)).toMatchObject(expected);
      expect(found(undefined, http)).toMatchObject(expected);
    },
  );

  it('tell what they do not have', () => {
    const target = (t: string) => request('POST', '/', { 'x-amz-target': t });
    expect(found('cloudtrail', target('CloudTrail_20131101.__proto__'))).toMatchObject({
      operation: undefined,
      unknown: '__proto__',
    });
    expect(found('cloudtrail', target('DynamoDB_20120810.PutItem'))).toMatchObject({ unknown: 'PutItem' });
    expect(found('cloudtrail', request('GET', '/'))).toMatchObject({ service: 'cloudtrail', unknown: 'GET /' });
    expect(found('ec2', target('X.Y'))).toBeUndefined();
    expect(found(undefined, target('X.Y'))).toBeUndefined();
  });

  it('speak CBOR by path and header', () => {
    const path = '/service/CloudTrail_20131101/operation/ListTrails';
    expect(found('cloudtrail', request('POST', path, { 'smithy-protocol': 'rpc-v2-cbor' }))).toMatchObject({
      protocol: 'rpcv2Cbor',
      operation: 'ListTrails',
    });
  });

  it('of the query kind name the operation in the form', () => {
    const form = request('POST', '/', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' });
    expect(found('sts', form)).toEqual({ service: 'sts', protocol: 'awsQuery', operation: undefined });
    expect(found(undefined, form)).toMatchObject({ service: 'sts' });
    expect(operationFromForm(sts, Buffer.from('Action=AssumeRole&Version=2011-06-15'), [])).toBe('AssumeRole');
    expect(operationFromForm(sts, Buffer.alloc(0), [['Action', 'GetCallerIdentity']])).toBe('GetCallerIdentity');
    expect(operationFromForm(cloudtrail, Buffer.from('Action=X'), [])).toBeUndefined();
    expect(found('sts', request('GET', '/?Action=GetCallerIdentity&Version=2011-06-15'))).toMatchObject({
      operation: 'GetCallerIdentity',
    });
    expect(found('sts', request('GET', '/?Action=Nope'))).toMatchObject({ unknown: 'Nope' });
  });
});

describe('REST services', () => {
  it('are told by method and path', () => {
    expect(found('cloudtrail-data', request('POST', '/PutAuditEvents?channelArn=x'))).toMatchObject({
      operation: 'PutAuditEvents',
    });
    expect(found('opentrail', request('GET', '/opentrail/v1/accounts'))).toMatchObject({ operation: 'ListAccounts' });
    expect(found(undefined, request('POST', '/opentrail/v1/records'))).toMatchObject({ operation: 'PutRecords' });
    expect(found('opentrail', request('PUT', '/opentrail/v1/records'))).toMatchObject({ unknown: expect.any(String) });
  });

  it('have labels in their paths', () => {
    const lambda = schemaFromClient('@aws-sdk/client-lambda', { id: 'lambda', fractional: 'all' });
    const at = (method: string, path: string) => detect(request(method, path), 'lambda', [lambda], []);
    expect(at('POST', '/2015-03-31/functions/a%2Fb/invocations')).toMatchObject({
      operation: 'Invoke',
      labels: { FunctionName: 'a/b' },
    });
    expect(at('GET', '/2015-03-31/functions')).toMatchObject({ operation: 'ListFunctions' });
    expect(at('GET', '/2015-03-31/functions/')).toMatchObject({ operation: 'ListFunctions' });
    expect(at('POST', '/2015-03-31/functions//invocations')?.operation).toBeUndefined();
  });
});

describe('S3', () => {
  it.each([
    ['GET', '/', 'ListBuckets', {}],
    ['GET', '/?x-id=ListBuckets', 'ListBuckets', {}],
    ['GET', '/b', 'ListObjects', { Bucket: 'b' }],
    ['GET', '/b/?list-type=2&prefix=x', 'ListObjectsV2', { Bucket: 'b' }],
    ['GET', '/b?location', 'GetBucketLocation', { Bucket: 'b' }],
    ['GET', '/b?versions', 'ListObjectVersions', { Bucket: 'b' }],
    ['GET', '/b?uploads', 'ListMultipartUploads', { Bucket: 'b' }],
    ['GET', '/b?analytics', 'ListBucketAnalyticsConfigurations', { Bucket: 'b' }],
    ['GET', '/b?analytics&id=1', 'GetBucketAnalyticsConfiguration', { Bucket: 'b' }],
    ['HEAD', '/b', 'HeadBucket', { Bucket: 'b' }],
    ['PUT', '/b', 'CreateBucket', { Bucket: 'b' }],
    ['PUT', '/b?policy', 'PutBucketPolicy', { Bucket: 'b' }],
    ['DELETE', '/b', 'DeleteBucket', { Bucket: 'b' }],
    ['POST', '/b?delete', 'DeleteObjects', { Bucket: 'b' }],
    ['GET', '/b/k', 'GetObject', { Bucket: 'b', Key: 'k' }],
    ['GET', '/b/k?partNumber=1', 'GetObject', { Bucket: 'b', Key: 'k' }],
    ['GET', '/b/k?uploadId=u', 'ListParts', { Bucket: 'b', Key: 'k' }],
    ['GET', '/b/k?acl&versionId=v', 'GetObjectAcl', { Bucket: 'b', Key: 'k' }],
    ['PUT', '/b/a//b%2Bc+d/%20/..', 'PutObject', { Bucket: 'b', Key: 'a//b+c+d/ /..' }],
    ['PUT', '/b//k', 'PutObject', { Bucket: 'b', Key: '/k' }],
    ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart', { Bucket: 'b', Key: 'k' }],
    ['PUT', '/b/k?uploadId=u', 'UploadPart', { Bucket: 'b', Key: 'k' }],
    ['POST', '/b/k?uploads', 'CreateMultipartUpload', { Bucket: 'b', Key: 'k' }],
    ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload', { Bucket: 'b', Key: 'k' }],
    ['DELETE', '/b/k?uploadId=u', 'AbortMultipartUpload', { Bucket: 'b', Key: 'k' }],
    ['DELETE', '/b/k', 'DeleteObject', { Bucket: 'b', Key: 'k' }],
  ])('%s %s is %s', (method, target, operation, labels) => {
    expect(detect(request(method, target), 's3', SCHEMAS, SUFFIXES)).toMatchObject({ operation, labels });
    expect(detect(request(method, target), undefined, SCHEMAS, SUFFIXES)).toMatchObject({ operation, labels });
  });

  it('tells copies by their header', () => {
    const headers = { 'x-amz-copy-source': '/a/k' };
    expect(found('s3', request('PUT', '/b/k', headers))).toMatchObject({ operation: 'CopyObject' });
    expect(found('s3', request('PUT', '/b/k?partNumber=1&uploadId=u', headers))).toMatchObject({
      operation: 'UploadPartCopy',
    });
  });

  it.each([
    ['DELETE', '/b?acl'],
    ['DELETE', '/b?versioning'],
    ['PUT', '/b/k?policy'],
    ['POST', '/b'],
    ['PATCH', '/b/k'],
  ])('refuses %s %s rather than do something else', (method, target) => {
    expect(found('s3', request(method, target))).toMatchObject({ operation: undefined, unknown: expect.any(String) });
  });

  it.each([
    ['b.localhost', '/k', { Bucket: 'b', Key: 'k' }],
    ['my.bucket.s3.localhost:4570', '/k', { Bucket: 'my.bucket', Key: 'k' }],
    ['b.s3.us-east-1.localhost', '/', { Bucket: 'b' }],
    ['b.s3.us-east-1.amazonaws.com', '/a/b', { Bucket: 'b', Key: 'a/b' }],
    ['b.s3-eu-west-1.amazonaws.com', '/a/b', { Bucket: 'b', Key: 'a/b' }],
    ['b.s3.dualstack.eu-west-1.amazonaws.com', '//a', { Bucket: 'b', Key: '/a' }],
    ['s3.us-east-1.amazonaws.com', '/b/k', { Bucket: 'b', Key: 'k' }],
    ['s3.localhost:4570', '/b/k', { Bucket: 'b', Key: 'k' }],
    ['localhost', '/b/k', { Bucket: 'b', Key: 'k' }],
    ['10.0.0.1', '/b/k', { Bucket: 'b', Key: 'k' }],
    ['[::1]:4570', '/b/k', { Bucket: 'b', Key: 'k' }],
  ])('finds the bucket at %s%s', (host, path, labels) => {
    expect(detect(request('GET', path, { host }), 's3', SCHEMAS, SUFFIXES)?.labels).toEqual(labels);
  });

  it('refuses a path that is not UTF-8', () => {
    expect(() => found('s3', request('GET', '/b/%ff'))).toThrow(AwsError);
  });
});

it('answers anything with a detection, nothing, or an AwsError', () => {
  const name = fc.constantFrom(undefined, 's3', 'sts', 'cloudtrail', 'cloudtrail-data', 'opentrail', 'x');
  const header = fc.constantFrom('x-amz-target', 'smithy-protocol', 'content-type', 'host', 'x-amz-copy-source');
  const headers = fc.dictionary(header, fc.string());
  fc.assert(
    fc.property(name, fc.string(), fc.string(), headers, (signingName, method, path, some) => {
      try {
        detect(request(method, `/${path}`, { ...some }), signingName, SCHEMAS, SUFFIXES);
      } catch (error) {
        expect(error).toBeInstanceOf(AwsError);
      }
    }),
  );
});
