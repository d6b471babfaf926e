import { OperatorError } from '../../base/errors.ts';
import { parseXml, type XmlNode } from '../../wire/codec/xml-parse.ts';
import type { OpenTrailClient } from '../client.ts';
import type { ListedObject, Source } from './source.ts';

const METADATA = 'x-amz-meta-';

/** A bucket behind any S3 endpoint, read with path-style addresses. */
export function s3Source(client: OpenTrailClient, bucket: string): Source {
  const pathOf = (name: string, key: string) => `/${[name, ...key.split('/')].map(encodeURIComponent).join('/')}`;
  return {
    name: `s3://${bucket}`,
    bucket,
    async *list(prefix) {
      let token: string | undefined;
      do {
        const query = { 'list-type': '2', 'encoding-type': 'url', prefix, 'continuation-token': token };
        const { status, body } = await client.fetched('GET', `/${bucket}`, { service: 's3', query });
        if (status !== 200) throw problem(`list s3://${bucket}/${prefix}`, status, body);
        const page = parseXml(body.toString('utf8'));
        for (const entry of page.children) if (entry.name === 'Contents') yield listed(entry);
        token = textIn(page, 'NextContinuationToken') || undefined;
      } while (token !== undefined);
    },
    async get(name, key) {
      const answer = await client.fetched('GET', pathOf(name ?? bucket, key), { service: 's3' });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw problem(`read s3://${name ?? bucket}/${key}`, answer.status, answer.body);
      const entries = Object.entries(answer.headers).filter(([header]) => header.startsWith(METADATA));
      return {
        body: answer.body,
        metadata: Object.fromEntries(entries.map(([header, value]) => [header.slice(METADATA.length), String(value)])),
      };
    },
  };
}

const textIn = (node: XmlNode, name: string): string => node.children.find((child) => child.name === name)?.text ?? '';

function listed(entry: XmlNode): ListedObject {
  const key = decodeURIComponent(textIn(entry, 'Key').replaceAll('+', ' '));
  return { key, sizeBytes: Number(textIn(entry, 'Size')), lastModifiedMs: Date.parse(textIn(entry, 'LastModified')) };
}

function problem(what: string, status: number, body: Buffer): OperatorError {
  const text = body.toString('utf8');
  const code = /<Code>([^<]*)/.exec(text)?.[1] ?? `HTTP ${status}`;
  return new OperatorError(`Cannot ${what}: ${code}: ${/<Message>([^<]*)/.exec(text)?.[1] ?? ''}`);
}
