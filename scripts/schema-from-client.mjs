// Turns the schemas that an @aws-sdk/client-* package (v3) carries as static data into our ServiceSchema.
// Plain JavaScript, since it must run as it is on Node 20; schema-from-client.d.mts types it for the tests.
//
// A static schema is an array whose first element says what it is (@smithy/core, submodules/schema):
//   [0, ns, name, traits, code]                  a named simple shape
//   [1, ns, name, traits, value]                 a list
//   [2, ns, name, traits, key, value]            a map
//   [3|4|-3, ns, name, traits, names, types, n]  a structure, union or error; the first n members are required
//   [9, ns, name, traits, input, output]         an operation
//   [schema, traits]                             a use of a schema as a member
// and a bare number is a simple shape's code, plus 64 for a list and 128 for a map of it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

const SIMPLE = {
  0: ['string', { type: 'string' }],
  2: ['boolean', { type: 'boolean' }],
  4: ['timestamp', { type: 'timestamp' }],
  5: ['dateTime', { type: 'timestamp', timestampFormat: 'date-time' }],
  6: ['httpDate', { type: 'timestamp', timestampFormat: 'http-date' }],
  7: ['epochSeconds', { type: 'timestamp', timestampFormat: 'epoch-seconds' }],
  15: ['document', { type: 'document' }],
  17: ['bigNumber', { type: 'bigNumber' }],
  19: ['bigNumber', { type: 'bigNumber' }],
  21: ['blob', { type: 'blob' }],
  42: ['streamingBlob', { type: 'blob', streaming: true }],
};
/** v3 has one code for all numbers; which of them have fractions must be told from outside. */
const NUMERIC = 1;
const LONG = ['long', { type: 'long' }];
const DOUBLE = ['double', { type: 'double' }];

const FLAGS = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
];

/** Traits are an object, or a bit field of the commonest ones. */
function traitsOf(traits) {
  if (typeof traits === 'object') return traits ?? {};
  return Object.fromEntries(FLAGS.filter((_, bit) => (traits >> bit) & 1).map((name) => [name, 1]));
}

/**
 * Reads one client package.
 * @param packageName installed package, `@aws-sdk/client-s3`
 * @param options.id our name of the service
 * @param options.protocols what its clients may speak, the preferred first; default: what this client speaks
 * @param options.fractional numbers that are not whole, as `Structure.Member`; `'all'` when nobody has looked
 */
export function schemaFromClient(packageName, { id, protocols, fractional }) {
  const client = require(packageName);
  const config = configOf(client);
  const settings = config.protocolSettings;
  const shapes = {};
  const seen = new Set();

  function define(name, shape) {
    if (shapes[name] && JSON.stringify(shapes[name]) !== JSON.stringify(shape)) throw new Error(`two shapes: ${name}`);
    shapes[name] = shape;
    return name;
  }

  function simpleOf(code, place) {
    if (code !== NUMERIC) return SIMPLE[code];
    return fractional === 'all' || fractional.includes(place) ? DOUBLE : LONG;
  }

  /** Lists and maps without a name get one that no Smithy shape can have. */
  function simple(code, place) {
    if (code < 64) return define(...simpleOf(code, place));
    const value = simple(code % 64, place);
    return code < 128
      ? define(`[${value}]`, { type: 'list', member: { shape: value } })
      : define(`{${value}}`, { type: 'map', key: { shape: simple(0) }, value: { shape: value } });
  }

  /** Adds a schema, and all that it refers to, and returns its name. */
  function add(reference, place) {
    const schema = typeof reference === 'function' ? reference() : reference;
    if (typeof schema === 'number') return simple(schema, place);
    if (schema === 'unit') return define('unit', { type: 'structure', members: {} });
    const [kind, , name, rawTraits] = schema;
    if (seen.has(schema)) return name;
    seen.add(schema);
    const traits = traitsOf(rawTraits);
    const own = ownTraits(traits);
    if (kind === 0) return define(name, { ...simpleOf(schema[4], name)[1], ...own });
    if (kind === 1) return define(name, { type: 'list', member: member(schema[4], name), ...own });
    if (kind === 2) {
      return define(name, { type: 'map', key: member(schema[4], name), value: member(schema[5], name), ...own });
    }
    const [, , , , names, types, required = 0] = schema;
    const members = {};
    names.forEach((memberName, i) => {
      members[memberName] = member(types[i], `${name}.${memberName}`, memberName, i < required);
    });
    return define(name, { type: kind === 4 ? 'union' : 'structure', members, ...own, ...errorTraits(kind, traits) });
  }

  function member(reference, place, memberName, required) {
    const used = Array.isArray(reference) && reference.length === 2 && typeof reference[0] !== 'string';
    const [target, traits] = used ? reference : [reference, 0];
    return { shape: add(target, place), ...(required && { required }), ...memberTraits(traitsOf(traits), memberName) };
  }

  const operations = {};
  for (const exported of Object.values(client)) {
    if (!Array.isArray(exported) || exported[1] !== settings.defaultNamespace) continue;
    const [kind, , name, rawTraits, input, output] = exported;
    if (kind === -3) add(exported);
    if (kind !== 9) continue;
    const { http } = traitsOf(rawTraits);
    operations[name] = {
      ...inOut('input', input),
      ...inOut('output', output),
      errors: errorsOf(packageName, name),
      ...(http && { http: { method: http[0], uri: http[1], code: http[2] } }),
    };
  }

  function inOut(key, reference) {
    const schema = typeof reference === 'function' ? reference() : reference;
    return schema === 'unit' || schema === undefined ? {} : { [key]: add(schema) };
  }

  const spoken = protocols ?? [protocolOf(config)];
  return {
    id,
    version: config.apiVersion,
    protocols: spoken,
    signingName: config.defaultSigningName,
    ...(spoken.some((p) => /^awsJson|^rpcv2/.test(p)) && { targetPrefix: settings.serviceTarget }),
    ...(settings.xmlNamespace && { xmlNamespace: settings.xmlNamespace }),
    operations: sorted(operations),
    shapes: sorted(shapes),
  };
}

function ownTraits({ sensitive, streaming, mediaType, xmlName, xmlNamespace }) {
  return {
    ...(sensitive && { sensitive: true }),
    ...(streaming && { streaming: true }),
    ...(mediaType && { mediaType }),
    ...(xmlName && { xmlName }),
    ...(xmlNamespace && { xmlNamespace: xmlNamespace.join(' ') }),
  };
}

function errorTraits(kind, { error, httpError, awsQueryError }) {
  if (kind !== -3) return {};
  const status = httpError ?? (error === 'server' ? 500 : 400);
  return { error: { ...(awsQueryError && { code: awsQueryError[0] }), status, fault: error } };
}

const LOCATIONS = [
  ['httpLabel', 'uri'],
  ['httpQuery', 'query'],
  ['httpQueryParams', 'queryMap'],
  ['httpHeader', 'header'],
  ['httpPrefixHeaders', 'headers'],
  ['httpResponseCode', 'statusCode'],
  ['httpPayload', 'payload'],
];

function memberTraits(traits, memberName) {
  const found = LOCATIONS.find(([trait]) => traits[trait] !== undefined);
  const name = found && (found[0] === 'httpLabel' ? memberName : traits[found[0]]);
  return {
    ...(found && { location: found[1] }),
    ...(typeof name === 'string' && { locationName: name }),
    ...(traits.sensitive && { sensitive: true }),
    ...(traits.idempotencyToken && { idempotencyToken: true }),
    ...(traits.xmlName && { xmlName: traits.xmlName }),
    ...(traits.xmlAttribute && { xmlAttribute: true }),
    ...(traits.xmlFlattened && { xmlFlattened: true }),
    ...(traits.xmlNamespace && { xmlNamespace: traits.xmlNamespace.join(' ') }),
    ...(traits.ec2QueryName && { ec2Name: traits.ec2QueryName }),
    ...(traits.jsonName && { jsonName: traits.jsonName }),
  };
}

/** A client made without credentials or a network: it only tells its settings. */
function configOf(client) {
  const name = Object.keys(client).find(
    (key) => key.endsWith('Client') && client[`${key.slice(0, -6)}ServiceException`],
  );
  const { emitWarning } = process;
  process.emitWarning = () => undefined; // about next year's Node, once a client
  try {
    return new client[name]({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }).config;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The service's part of its host name, `monitoring`; undefined when a host is only told by what is called for. */
export function endpointPrefixOf(packageName) {
  const { endpointProvider } = configOf(require(packageName));
  try {
    const { url } = endpointProvider({ Region: 'eu-west-1', UseFIPS: false, UseDualStack: false });
    return url.hostname.replace(/(?:\.[a-z]{2}-[a-z]+-\d)?\.(?:amazonaws\.com|api\.aws|aws\.com)$/, '');
  } catch {
    return undefined; // such as "KVS ARN must be provided to use this service"
  }
}

const PROTOCOLS = {
  'aws.protocols#awsJson1_0': 'awsJson1_0',
  'aws.protocols#awsJson1_1': 'awsJson1_1',
  'aws.protocols#awsQuery': 'awsQuery',
  'aws.protocols#ec2Query': 'ec2Query',
  'aws.protocols#restJson1': 'restJson1',
  'aws.protocols#restXml': 'restXml',
  'smithy.protocols#rpcv2Cbor': 'rpcv2Cbor',
};

function protocolOf(config) {
  const id = config.protocol.getShapeId();
  if (!PROTOCOLS[id]) throw new Error(`unknown protocol: ${id}`);
  return PROTOCOLS[id];
}

/** The schemas say nothing of which operation throws what; the published type declarations do (`@throws {@link X}`). */
function errorsOf(packageName, operation) {
  const root = dirname(dirname(require.resolve(packageName)));
  const text = readFileSync(join(root, 'dist-types', 'commands', `${operation}Command.d.ts`), 'utf8');
  return [...text.matchAll(/@throws \{@link (\w+)\} \((?:client|server) fault\)/g)].map((m) => m[1]).sort();
}

function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON with a line for each operation and shape: small, and a change of the API shows as a change of few lines. */
export function formatSchema(schema) {
  const { operations, shapes, ...head } = schema;
  const block = (record) =>
    Object.entries(record).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const lines = Object.entries(head).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`);
  return [
    '{',
    ...lines,
    '"operations":{',
    block(operations).join(',\n'),
    '},',
    '"shapes":{',
    block(shapes).join(',\n'),
    '}',
    '}',
    '',
  ].join('\n');
}

const MEMBER_KEYS = new Set(
  'shape required sensitive location locationName xmlName xmlAttribute xmlFlattened xmlNamespace ec2Name jsonName timestampFormat idempotencyToken'.split(
    ' ',
  ),
);

/** Throws when a schema refers to what it does not have, or a member says what no codec knows. */
export function checkSchema(schema) {
  const bad = (what) => {
    throw new Error(`schema ${schema.id}: ${what}`);
  };
  const check = (place, member) => {
    if (!Object.hasOwn(schema.shapes, member.shape)) bad(`${place} refers to ${member.shape}`);
    for (const key of Object.keys(member)) if (!MEMBER_KEYS.has(key)) bad(`${place} has ${key}`);
  };
  for (const [name, shape] of Object.entries(schema.shapes)) {
    for (const [key, member] of Object.entries(shape.members ?? {})) check(`${name}.${key}`, member);
    for (const key of ['member', 'key', 'value']) if (shape[key]) check(name, shape[key]);
  }
  for (const [name, operation] of Object.entries(schema.operations)) {
    for (const shape of [operation.input, operation.output, ...operation.errors]) {
      if (shape !== undefined && !Object.hasOwn(schema.shapes, shape)) bad(`${name} refers to ${shape}`);
    }
    for (const [, label] of operation.http?.uri.matchAll(/\{(\w+)\+?\}/g) ?? []) {
      const members = Object.values(schema.shapes[operation.input]?.members ?? {});
      if (!members.some((m) => m.location === 'uri' && m.locationName === label)) bad(`${name} has no member ${label}`);
    }
  }
  return schema;
}
