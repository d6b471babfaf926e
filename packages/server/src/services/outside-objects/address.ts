import { isIP } from 'node:net';
import { OperatorError } from '../../base/errors.ts';
import { ObjectsError } from '../../ports/objects.ts';
import { uriEncode } from '../../wire/sigv4/index.ts';
import type { OutsideAnswer } from './asking.ts';

export interface StorePlace {
  /** `https://host[:port]` */
  readonly endpoint: string;
  /** To sign for, until the store says that a bucket is elsewhere. */
  readonly region: string;
  readonly addressing: 'path' | 'virtual-host';
}

export interface Address {
  readonly url: URL;
  readonly region: string;
}

/** Buckets of trails that are not in the Region of the settings. Forgotten ones are learned again by one more request. */
const MOVED_BUCKETS_MAX = 10_000;
/** It names a bucket in a path or a host name, so nothing else may pass for one (S3: bucket naming rules). */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9-]{1,32}$/;
/** AWS's own endpoints name their Region. */
const AWS_HOST = /^(s3[.-](?:dualstack\.)?)[a-z0-9-]+(\.amazonaws\.com(?:\.cn)?)$/;

/** Where the requests of a bucket go, and for which Region they are signed. @throws OperatorError */
export function createAddresses({ endpoint, region: usual, addressing }: StorePlace) {
  const base = readEndpoint('--objects-endpoint', endpoint, '--objects-profile');
  if (addressing === 'virtual-host' && isIP(base.hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new OperatorError(
      '--objects-addressing virtual-host puts the bucket before the host name, and --objects-endpoint has an address for a host. Give a name, or take path.',
    );
  }
  const regions = new Map<string, string>();

  return {
    /** @throws ObjectsError for names that a request cannot carry unchanged */
    of(bucket: string, key = '', query = ''): Address {
      if (!BUCKET.test(bucket)) throw new ObjectsError('InvalidBucketName', `No bucket can be called ${bucket}`);
      const region = regions.get(bucket) ?? usual;
      const host = regions.has(bucket) ? base.host.replace(AWS_HOST, `$1${region}$2`) : base.host;
      // No certificate is good for a name with further dots before it.
      const inHost = addressing === 'virtual-host' && !(base.protocol === 'https:' && bucket.includes('.'));
      const object = key.split('/').map(uriEncode).join('/');
      const path = inHost ? `/${object}` : `/${bucket}${key === '' ? '' : `/${object}`}`;
      const url = new URL(`${base.protocol}//${inHost ? `${bucket}.` : ''}${host}${path}${query}`);
      // A key with `.` or `..` between slashes would lead to another key, or into another bucket.
      if (url.pathname !== path) throw new ObjectsError('InvalidURI', `Such a key cannot be asked for: ${key}`);
      return { url, region };
    },
    /** Takes in where a bucket is. @returns false when that was known */
    moved(bucket: string, region: string): boolean {
      if ((regions.get(bucket) ?? usual) === region) return false;
      if (regions.size >= MOVED_BUCKETS_MAX) regions.clear();
      regions.set(bucket, region);
      return true;
    },
  };
}

/** The Region in which a store says that a bucket is, where it has refused to answer for another. */
export function regionNamedIn({ status, headers, body }: OutsideAnswer): string | undefined {
  const isElsewhere =
    status === 301 || status === 307 || (status === 400 && body.includes('AuthorizationHeaderMalformed'));
  if (!isElsewhere) return undefined;
  const region = headers['x-amz-bucket-region'] ?? /<Region>([^<]+)/.exec(body.toString('utf8'))?.[1] ?? '';
  return REGION.test(region) ? region : undefined;
}

/** The text is not told again: it may hold a password. @throws OperatorError */
export function readEndpoint(setting: string, text: string, profileSetting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && url.pathname === '/' && `${url.username}${url.search}${url.hash}` === '';
  if (url && isPlain && url.password === '') return url;
  throw new OperatorError(
    `Bad setting ${setting}: it must be http(s)://host[:port], without a path; keys are given by ${profileSetting} or the environment.`,
  );
}
