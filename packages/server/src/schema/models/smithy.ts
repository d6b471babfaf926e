import type { Member, OperationSchema, Protocol, ServiceSchema, Shape, SimpleShape, StructureShape } from '../types.ts';
import { serviceIdOf } from './botocore.ts';
import { createNamer, text } from './names.ts';

/**
 * Reads a Smithy model in its JSON form (smithy.io, JSON AST), as AWS publishes one for each service.
 * @throws Error that says what is wrong with the file
 */
export function readSmithyModel(file: unknown): ServiceSchema {
  const { shapes: raws } = file as { readonly shapes: Readonly<Record<string, RawShape>> };
  const found = Object.entries(raws ?? {}).find(([, shape]) => shape.type === 'service');
  if (!found) throw new Error('it has no service');
  const [name, service] = found;
  const traits = service.traits ?? {};
  const info = (traits['aws.api#service'] ?? {}) as { sdkId?: string; endpointPrefix?: string; arnNamespace?: string };
  const id = serviceIdOf(text(info.sdkId, 'aws.api#service.sdkId'));
  const signing = traits['aws.auth#sigv4'] as { name?: string } | undefined;
  const namespace = traits['smithy.api#xmlNamespace'] as { uri: string } | undefined;
  const protocols = PROTOCOLS.filter(([trait]) => trait in traits).map(([, protocol]) => protocol);
  if (protocols.length === 0) throw new Error('it names no protocol that is known');
  const signingName = text(signing?.name ?? info.arnNamespace, 'aws.auth#sigv4.name');
  return {
    id,
    version: text(service.version, 'version'),
    protocols,
    signingName,
    endpointPrefix: info.endpointPrefix ?? signingName,
    ...(protocols.some((p) => /^awsJson|^rpcv2/.test(p)) && { targetPrefix: localName(name) }),
    ...(namespace && { xmlNamespace: namespace.uri }),
    ...readOperations(raws, service),
  };
}

interface RawShape {
  readonly type: string;
  readonly version?: string;
  readonly traits?: Traits;
  readonly members?: Readonly<Record<string, RawMember>>;
  readonly member?: RawMember;
  readonly key?: RawMember;
  readonly value?: RawMember;
  readonly input?: Target;
  readonly output?: Target;
  readonly errors?: readonly Target[];
  readonly operations?: readonly Target[];
  readonly collectionOperations?: readonly Target[];
  readonly resources?: readonly Target[];
  readonly create?: Target;
  readonly put?: Target;
  readonly read?: Target;
  readonly update?: Target;
  readonly delete?: Target;
  readonly list?: Target;
}
interface Target {
  readonly target: string;
}
interface RawMember extends Target {
  readonly traits?: Traits;
}
type Traits = Readonly<Record<string, unknown>>;

/** The preferred first. */
const PROTOCOLS: readonly (readonly [string, Protocol])[] = [
  ['smithy.protocols#rpcv2Cbor', 'rpcv2Cbor'],
  ['aws.protocols#awsJson1_0', 'awsJson1_0'],
  ['aws.protocols#awsJson1_1', 'awsJson1_1'],
  ['aws.protocols#restJson1', 'restJson1'],
  ['aws.protocols#restXml', 'restXml'],
  ['aws.protocols#awsQuery', 'awsQuery'],
  ['aws.protocols#ec2Query', 'ec2Query'],
];

const SIMPLE: Readonly<Record<string, SimpleShape['type']>> = {
  string: 'string',
  enum: 'string',
  boolean: 'boolean',
  byte: 'integer',
  short: 'integer',
  integer: 'integer',
  intEnum: 'integer',
  long: 'long',
  float: 'float',
  double: 'double',
  bigInteger: 'bigNumber',
  bigDecimal: 'bigNumber',
  blob: 'blob',
  timestamp: 'timestamp',
  document: 'document',
};

const localName = (id: string): string => id.slice(id.indexOf('#') + 1);

function readOperations(raws: Readonly<Record<string, RawShape>>, service: RawShape) {
  const { shapes, define } = createNamer();

  function add(id: string): string {
    return define(localName(id), () => shapeOf(id));
  }

  function shapeOf(id: string): Shape {
    const raw = Object.hasOwn(raws, id) ? raws[id]! : prelude(id);
    const own = ownTraits(raw.traits ?? {});
    switch (raw.type) {
      case 'structure':
      case 'union':
        return { type: raw.type, members: membersOf(raw), ...own, ...errorOf(raw.traits ?? {}) };
      case 'list':
      case 'set':
        return { type: 'list', member: memberOf(raw.member!), ...own };
      case 'map':
        return { type: 'map', key: memberOf(raw.key!), value: memberOf(raw.value!), ...own };
      default: {
        const type = SIMPLE[raw.type];
        if (!type) throw new Error(`the type ${raw.type} of ${id} is not known`);
        return { type, ...own };
      }
    }
  }

  function membersOf(raw: RawShape): Record<string, Member> {
    return Object.fromEntries(
      Object.entries(raw.members ?? {}).map(([name, member]) => [name, memberOf(member, name)]),
    );
  }

  function memberOf({ target, traits = {} }: RawMember, name = ''): Member {
    return { shape: add(target), ...memberTraits(traits, name) };
  }

  function operation(raw: RawShape): OperationSchema {
    const named = (key: 'input' | 'output') => {
      const target = raw[key]?.target;
      return target === undefined || target === 'smithy.api#Unit' ? {} : { [key]: add(target) };
    };
    const http = raw.traits?.['smithy.api#http'] as { method: string; uri: string; code?: number } | undefined;
    return {
      ...named('input'),
      ...named('output'),
      errors: (raw.errors ?? []).map(({ target }) => add(target)),
      ...(http && { http: { method: http.method, uri: http.uri, code: http.code ?? 200 } }),
    };
  }

  const ids = [...new Set(operationsOf(raws, service))].sort();
  const operations = Object.fromEntries(ids.map((id) => [localName(id), operation(known(raws, id))]));
  return { operations, shapes };
}

function known(raws: Readonly<Record<string, RawShape>>, id: string): RawShape {
  if (Object.hasOwn(raws, id)) return raws[id]!;
  throw new Error(`there is no shape ${id}`);
}

/** Smithy's own types need no definition: `smithy.api#String`, `smithy.api#PrimitiveBoolean`. */
function prelude(id: string): RawShape {
  if (id === 'smithy.api#Unit') return { type: 'structure' };
  const name = /^smithy\.api#(?:Primitive)?(\w+)$/.exec(id)?.[1];
  if (name === undefined) throw new Error(`there is no shape ${id}`);
  return { type: name.charAt(0).toLowerCase() + name.slice(1) };
}

/** Operations of a service or resource, and of all resources in it. No resource may hold itself (Smithy, resources). */
function operationsOf(raws: Readonly<Record<string, RawShape>>, owner: RawShape, depth = 0): string[] {
  if (depth > RESOURCE_DEPTH_MAX) throw new Error('its resources hold themselves');
  const { create, put, read, update, delete: remove, list } = owner;
  const lifecycle = [create, put, read, update, remove, list].filter((target) => target !== undefined);
  const direct = [...(owner.operations ?? []), ...(owner.collectionOperations ?? []), ...lifecycle];
  const nested = (owner.resources ?? []).flatMap(({ target }) => operationsOf(raws, known(raws, target), depth + 1));
  return [...direct.map(({ target }) => target), ...nested];
}

/** AWS's models nest three deep. */
const RESOURCE_DEPTH_MAX = 20;

const TIMESTAMPS: ReadonlySet<unknown> = new Set(['date-time', 'http-date', 'epoch-seconds']);

function timestampOf(traits: Traits): Pick<SimpleShape, 'timestampFormat'> {
  const format = traits['smithy.api#timestampFormat'];
  if (!TIMESTAMPS.has(format)) return {};
  return { timestampFormat: format as NonNullable<SimpleShape['timestampFormat']> };
}

function namespaceOf(traits: Traits): { xmlNamespace?: string } {
  const namespace = traits['smithy.api#xmlNamespace'] as { uri: string; prefix?: string } | undefined;
  return namespace ? { xmlNamespace: [namespace.prefix ?? '', namespace.uri].join(' ').trim() } : {};
}

function ownTraits(traits: Traits) {
  const mediaType = traits['smithy.api#mediaType'];
  const xmlName = traits['smithy.api#xmlName'];
  return {
    ...('smithy.api#sensitive' in traits && { sensitive: true }),
    ...('smithy.api#streaming' in traits && { streaming: true }),
    ...(typeof mediaType === 'string' && { mediaType }),
    ...(mediaType === 'application/json' && { json: true }),
    ...(typeof xmlName === 'string' && { xmlName }),
    ...timestampOf(traits),
  };
}

function errorOf(traits: Traits): Pick<StructureShape, 'error'> {
  const fault = traits['smithy.api#error'];
  if (fault !== 'client' && fault !== 'server') return {};
  const status = (traits['smithy.api#httpError'] as number | undefined) ?? (fault === 'server' ? 500 : 400);
  const query = traits['aws.protocols#awsQueryError'] as { code: string } | undefined;
  return { error: { ...(query && { code: query.code }), status, fault } };
}

const LOCATIONS: readonly (readonly [string, NonNullable<Member['location']>])[] = [
  ['smithy.api#httpLabel', 'uri'],
  ['smithy.api#httpQuery', 'query'],
  ['smithy.api#httpQueryParams', 'queryMap'],
  ['smithy.api#httpHeader', 'header'],
  ['smithy.api#httpPrefixHeaders', 'headers'],
  ['smithy.api#httpResponseCode', 'statusCode'],
  ['smithy.api#httpPayload', 'payload'],
];

const NAMES: readonly (readonly [string, 'xmlName' | 'ec2Name' | 'jsonName'])[] = [
  ['smithy.api#xmlName', 'xmlName'],
  ['aws.protocols#ec2QueryName', 'ec2Name'],
  ['smithy.api#jsonName', 'jsonName'],
];

const FLAGS: readonly (readonly [
  string,
  'required' | 'sensitive' | 'idempotencyToken' | 'xmlAttribute' | 'xmlFlattened',
])[] = [
  ['smithy.api#required', 'required'],
  ['smithy.api#sensitive', 'sensitive'],
  ['smithy.api#idempotencyToken', 'idempotencyToken'],
  ['smithy.api#xmlAttribute', 'xmlAttribute'],
  ['smithy.api#xmlFlattened', 'xmlFlattened'],
];

function memberTraits(traits: Traits, memberName: string): Omit<Member, 'shape'> {
  const found = LOCATIONS.find(([trait]) => trait in traits);
  const locationName = found?.[1] === 'uri' ? memberName : found && traits[found[0]];
  return {
    ...Object.fromEntries(FLAGS.filter(([trait]) => trait in traits).map(([, key]) => [key, true])),
    ...(found && { location: found[1] }),
    ...(typeof locationName === 'string' && { locationName }),
    ...Object.fromEntries(
      NAMES.filter(([trait]) => typeof traits[trait] === 'string').map(([trait, key]) => [key, traits[trait]]),
    ),
    ...namespaceOf(traits),
    ...timestampOf(traits),
  };
}
