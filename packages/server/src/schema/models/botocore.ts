import type { Member, OperationSchema, Protocol, ServiceSchema, Shape, SimpleShape } from '../types.ts';
import { createNamer, text } from './names.ts';

/**
 * Reads an API description in the form that botocore ships (`service-2.json`) and that version 2 of the JavaScript SDK
 * shipped (`*.min.json`, the same with shapes written where they are used). What each key means on the wire is taken
 * from what botocore's serialisers do with it.
 * @throws Error that says what is wrong with the file
 */
export function readBotocoreModel(file: unknown): ServiceSchema {
  const model = file as RawModel;
  const metadata = model.metadata;
  const protocols = protocolsOf(metadata);
  const reader = createReader(model, protocols[0]!);
  const operations = Object.fromEntries(
    Object.entries(model.operations).map(([name, operation]) => [name, reader.operation(operation)]),
  );
  const prefix = metadata.targetPrefix?.split('.').at(-1);
  const namespace = metadata.xmlNamespace;
  return {
    id: serviceIdOf(text(metadata.serviceId ?? metadata.endpointPrefix, 'metadata.serviceId')),
    version: text(metadata.apiVersion, 'metadata.apiVersion'),
    protocols,
    signingName: text(metadata.signingName ?? metadata.endpointPrefix, 'metadata.signingName'),
    endpointPrefix: text(metadata.endpointPrefix, 'metadata.endpointPrefix'),
    ...(prefix !== undefined && { targetPrefix: prefix }),
    ...(namespace !== undefined && { xmlNamespace: typeof namespace === 'string' ? namespace : namespace.uri }),
    operations,
    shapes: reader.shapes,
  };
}

/** Ids are the names of AWS's v3 clients: `Elastic Load Balancing v2` → `elastic-load-balancing-v2`. */
export const serviceIdOf = (serviceId: string): string => serviceId.trim().toLowerCase().replace(/\s+/g, '-');

interface RawModel {
  readonly metadata: {
    readonly apiVersion?: string;
    readonly endpointPrefix?: string;
    readonly jsonVersion?: string;
    readonly protocol?: string;
    readonly protocols?: readonly string[];
    readonly serviceId?: string;
    readonly signingName?: string;
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string | { readonly uri: string };
  };
  readonly operations: Readonly<Record<string, RawOperation>>;
  readonly shapes?: Readonly<Record<string, RawShape>>;
}

interface RawOperation {
  readonly http?: { readonly method?: string; readonly requestUri?: string; readonly responseCode?: number };
  readonly input?: RawShape;
  readonly output?: RawShape;
  readonly errors?: readonly { readonly shape?: string }[];
}

/** A shape, or a use of one: then `shape` names it, and what stands beside it holds for this use. */
interface RawShape {
  readonly shape?: string;
  readonly type?: string;
  readonly members?: Readonly<Record<string, RawShape>>;
  readonly member?: RawShape;
  readonly key?: RawShape;
  readonly value?: RawShape;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly xmlNamespace?: string | { readonly uri: string; readonly prefix?: string };
  readonly timestampFormat?: string;
  readonly sensitive?: boolean;
  readonly streaming?: boolean;
  readonly eventstream?: boolean;
  readonly jsonvalue?: boolean;
  readonly document?: boolean;
  readonly union?: boolean;
  readonly idempotencyToken?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number; readonly senderFault?: boolean };
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  ec2: 'ec2Query',
  query: 'awsQuery',
  'rest-json': 'restJson1',
  'rest-xml': 'restXml',
  'smithy-rpc-v2-cbor': 'rpcv2Cbor',
};

function protocolsOf(metadata: RawModel['metadata']): Protocol[] {
  const named = metadata.protocols ?? [text(metadata.protocol, 'metadata.protocol')];
  const known = named.flatMap((name) => {
    if (name === 'json') return metadata.jsonVersion === '1.1' ? 'awsJson1_1' : 'awsJson1_0';
    return PROTOCOLS[name] ?? [];
  });
  if (known.length === 0) throw new Error(`no protocol is known of ${named.join(', ')}`);
  return known;
}

const SIMPLE: Readonly<Record<string, SimpleShape['type']>> = {
  string: 'string',
  character: 'string',
  boolean: 'boolean',
  integer: 'integer',
  long: 'long',
  float: 'float',
  double: 'double',
  bigdecimal: 'bigNumber',
  biginteger: 'bigNumber',
  blob: 'blob',
  timestamp: 'timestamp',
};

const TIMESTAMPS: Readonly<Record<string, NonNullable<SimpleShape['timestampFormat']>>> = {
  iso8601: 'date-time',
  rfc822: 'http-date',
  unixTimestamp: 'epoch-seconds',
};

function createReader(model: RawModel, protocol: Protocol) {
  const raws = model.shapes ?? {};
  const { shapes, define, intern } = createNamer();
  const isJson = protocol !== 'awsQuery' && protocol !== 'ec2Query' && protocol !== 'restXml';
  const isRest = protocol === 'restJson1' || protocol === 'restXml';

  /** The shape that is meant, and all that holds for this use of it. */
  function resolve(use: RawShape): RawShape {
    if (use.shape === undefined) return use;
    const raw = Object.hasOwn(raws, use.shape) ? raws[use.shape]! : undefined;
    if (!raw) throw new Error(`there is no shape ${use.shape}`);
    return { ...raw, ...use };
  }

  function add(use: RawShape): string {
    const { shape: name } = use;
    if (name === undefined) return intern(shapeOf(use));
    return define(name, () => shapeOf(resolve({ shape: name })));
  }

  function shapeOf(raw: RawShape): Shape {
    const sensitive = raw.sensitive && { sensitive: true };
    const type = raw.type ?? (raw.members ? 'structure' : 'string');
    switch (type) {
      case 'structure':
        return raw.document ? { type: 'document', ...sensitive } : { ...structure(raw), ...sensitive };
      case 'list':
        return { type, member: itemOf(raw.member ?? {}, 'member'), ...sensitive };
      case 'map':
        return { type, key: itemOf(raw.key ?? {}, 'key'), value: itemOf(raw.value ?? {}, 'value'), ...sensitive };
      default: {
        const simple = SIMPLE[type];
        if (!simple) throw new Error(`the type ${type} is not known`);
        const format = raw.timestampFormat === undefined ? undefined : TIMESTAMPS[raw.timestampFormat];
        return {
          type: simple,
          ...sensitive,
          ...(raw.streaming && { streaming: true }),
          ...(format && { timestampFormat: format }),
          ...(raw.jsonvalue && { json: true }),
        };
      }
    }
  }

  function structure(raw: RawShape): Shape {
    const members = Object.entries(raw.members ?? {}).map(([name, use]): [string, Member] => {
      const required = raw.required?.includes(name) && { required: true };
      return [name, { ...memberOf(name, use, raw.payload === name), ...required }];
    });
    return {
      type: raw.union || raw.eventstream ? 'union' : 'structure',
      members: Object.fromEntries(members),
      ...(raw.eventstream && { streaming: true }),
      ...(!isJson && raw.locationName !== undefined && { xmlName: raw.locationName }),
      ...(raw.exception && { error: errorOf(raw) }),
    };
  }

  function memberOf(name: string, use: RawShape, isPayload: boolean): Member {
    const raw = resolve(use);
    const format = raw.timestampFormat === undefined ? undefined : TIMESTAMPS[raw.timestampFormat];
    return {
      shape: add(use),
      ...(use.sensitive && { sensitive: true }),
      ...(use.idempotencyToken && { idempotencyToken: true }),
      ...(use.shape !== undefined && format && use.timestampFormat !== undefined && { timestampFormat: format }),
      ...(isPayload ? { location: 'payload' } : isRest ? locationOf(name, raw) : {}),
      ...bodyNames(name, raw),
    };
  }

  /** Names in the body; for what travels elsewhere, `locationName` has been taken already. */
  function bodyNames(name: string, raw: RawShape): Partial<Member> {
    if (isRest && raw.location !== undefined) return {};
    // A flattened list's elements go by the name of its members, if these have one (botocore, _serialize_type_list).
    const ofItems = raw.flattened ? raw.member && resolve(raw.member).locationName : undefined;
    const wire = ofItems ?? raw.locationName;
    const renamed = wire !== undefined && wire !== name;
    if (isJson && protocol !== 'awsJson1_0' && protocol !== 'awsJson1_1') return renamed ? { jsonName: wire } : {};
    const namespace = raw.xmlNamespace;
    return {
      ...(renamed && { xmlName: wire }),
      ...(raw.flattened && { xmlFlattened: true }),
      ...(raw.xmlAttribute && { xmlAttribute: true }),
      ...(typeof namespace === 'object' &&
        namespace.prefix !== undefined && { xmlNamespace: `${namespace.prefix} ${namespace.uri}` }),
      ...(raw.queryName !== undefined && { ec2Name: raw.queryName }),
    };
  }

  function itemOf(use: RawShape, usual: string): Member {
    const raw = resolve(use);
    const renamed = !isJson && raw.locationName !== undefined && raw.locationName !== usual;
    return {
      shape: add(use),
      ...(use.sensitive && { sensitive: true }),
      ...(renamed && { xmlName: raw.locationName }),
      ...(raw.flattened && { xmlFlattened: true }),
    };
  }

  function locationOf(name: string, raw: RawShape): Partial<Member> {
    const locationName = raw.locationName ?? name;
    switch (raw.location) {
      case 'uri':
      case 'header':
        return { location: raw.location, locationName };
      case 'querystring':
        return raw.type === 'map' ? { location: 'queryMap' } : { location: 'query', locationName };
      case 'headers':
        return { location: 'headers', locationName: raw.locationName ?? '' };
      case 'statusCode':
        return { location: 'statusCode' };
      default:
        return {};
    }
  }

  function errorOf(raw: RawShape) {
    const status = raw.error?.httpStatusCode;
    return {
      ...(raw.error?.code !== undefined && { code: raw.error.code }),
      ...(status !== undefined && { status }),
      fault: raw.fault ? ('server' as const) : ('client' as const),
    };
  }

  /** The root element's name stands at the use in an operation, not at the shape (S3, CloudFront). */
  function root(use: RawShape | undefined): string | undefined {
    if (!use || (use.shape === undefined && !use.members && use.type === undefined)) return undefined;
    if (use.shape === undefined || use.locationName === undefined || isJson) return add(use);
    return define(`${use.shape}$${use.locationName}`, () => shapeOf(resolve(use)));
  }

  function operation(raw: RawOperation): OperationSchema {
    const [input, output] = [root(raw.input), root(raw.output)];
    const { method = 'POST', requestUri = '/', responseCode = 200 } = raw.http ?? {};
    return {
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
      errors: (raw.errors ?? []).flatMap((error) => (error.shape === undefined ? [] : [add(error)])),
      ...(isRest && { http: { method, uri: requestUri, code: responseCode } }),
    };
  }

  return { shapes, operation };
}
