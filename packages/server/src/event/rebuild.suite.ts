import type { ListShape, Member, ServiceSchema } from '../schema/types.ts';
import type { Call } from './call.ts';
import { CLASSIC_OPERATIONS, MEMBERS, ROOT_ELEMENTS, SETS } from './conventions/ec2-requests.ts';
import { layoutOf } from './conventions/layouts.ts';
import { isObject, lowerFirst } from './parameters.ts';

/**
 * For tests: the way back, from what a real record shows to the input and output that it was made of, by the same tables.
 * What no member explains is lost on the way, and so shows as a difference when the record is made again.
 */

// biome-ignore lint/suspicious/noExplicitAny: a parsed record
export type Real = Record<string, any>;

export function inputOf(schema: ServiceSchema, operation: string, shown: Real | null | undefined): Real {
  const shape = schema.operations[operation]?.input ?? '';
  if (!shown) return {};
  if (schema.id === 's3' || schema.id === 's3-control') return s3Input(schema, shape, shown);
  if (schema.id === 'ec2') return ec2Input(schema, operation, shape, shown);
  const { bodyAsInput } = layoutOf(schema.id);
  const body = bodyAsInput ? shown[`${lowerFirst(operation)}Input`] : undefined;
  return structure(plainNames(schema), operation, shape, { ...shown, ...body });
}

export function outputOf(schema: ServiceSchema, operation: string, shown: Real | null | undefined): Real {
  const shape = schema.operations[operation]?.output ?? '';
  if (!shown) return {};
  if (schema.id === 'ec2') return ec2Output(schema, operation, shape, shown);
  const { answers, unwrapsAnswer } = layoutOf(schema.id);
  const kept = answers?.[operation];
  if (kept) return Object.fromEntries(Object.entries(kept).map(([member, name]) => [member, shown[name]]));
  const members = membersOf(schema, shape);
  const [only, ...others] = Object.keys(members);
  if (unwrapsAnswer && only !== undefined && others.length === 0) {
    return structure(plainNames(schema), operation, shape, { [lowerFirst(only)]: shown });
  }
  return structure(plainNames(schema), operation, shape, shown);
}

const membersOf = (schema: ServiceSchema, shape: string): Readonly<Record<string, Member>> => {
  const found = schema.shapes[shape];
  return found && 'members' in found ? found.members : {};
};

/** How names and lists were written; `undefined` as a name: the member is not shown. */
interface Way {
  readonly schema: ServiceSchema;
  nameOf(name: string, member: Member, parent: string): string | undefined;
  itemsOf(name: string, member: Member, list: ListShape, shown: unknown): readonly unknown[];
}

const plainNames = (schema: ServiceSchema): Way => ({
  schema,
  nameOf(name, _member, parent) {
    const { namesAsModelled, renamed } = layoutOf(schema.id);
    return renamed?.[`${parent}.${name}`] ?? (namesAsModelled ? name : lowerFirst(name));
  },
  itemsOf: (_n, _m, _l, shown) => (Array.isArray(shown) ? shown : []),
});

function structure(way: Way, parent: string, shape: string, shown: Real): Real {
  const out: Real = {};
  for (const [name, member] of Object.entries(membersOf(way.schema, shape))) {
    const shownAs = way.nameOf(name, member, parent);
    const given = shownAs === undefined ? undefined : shown[shownAs];
    if (given === undefined) continue;
    const value = shownValue(way, name, member, given);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

function shownValue(way: Way, name: string, member: Member, shown: unknown): unknown {
  const shape = way.schema.shapes[member.shape];
  switch (shape?.type) {
    case 'structure':
    case 'union':
      return isObject(shown) ? structure(way, name, member.shape, shown) : shown === '' ? {} : shown;
    case 'list':
      if (typeof shown === 'string' && shown !== '') return shown; // hidden
      return way
        .itemsOf(name, member, shape, shown)
        .map((item) => shownValue(way, name, shape.member, item))
        .filter((item) => item !== undefined);
    case 'map':
      if (!isObject(shown)) return shown;
      return Object.fromEntries(
        Object.entries(shown).map(([key, item]) => [key, shownValue(way, name, shape.value, item)]),
      );
    case 'timestamp':
      return timeFrom(shown);
    default:
      return shown;
  }
}

/** `Jul 10, 2023, 11:54:39 AM` (UTC), an ISO time, seconds or milliseconds since the epoch. */
function timeFrom(shown: unknown): unknown {
  if (typeof shown === 'number') return new Date(shown > 1e11 ? shown : shown * 1000);
  if (typeof shown !== 'string') return shown;
  const ms = Date.parse(/M$/.test(shown) ? `${shown} UTC` : shown);
  return Number.isNaN(ms) ? shown : new Date(ms);
}

const wireName = (name: string, { ec2Name, xmlName = name }: Member): string =>
  ec2Name ?? xmlName.charAt(0).toUpperCase() + xmlName.slice(1);

function ec2Input(schema: ServiceSchema, operation: string, shape: string, shown: Real): Real {
  if (!CLASSIC_OPERATIONS.has(operation)) {
    const body = shown[ROOT_ELEMENTS[operation] ?? `${operation}Request`];
    return isObject(body) ? structure(taggedWay(schema), operation, shape, body) : {};
  }
  const flat = { ...shown, ...shown.instancesSet?.items?.[0], placement: shown };
  const input = structure(classicWay(schema, operation), operation, shape, operation === 'RunInstances' ? flat : shown);
  if (operation === 'RunInstances') {
    if (Object.keys(input.Placement).length === 0) delete input.Placement;
    delete input.InstanceIds;
  }
  return input;
}

const classicWay = (schema: ServiceSchema, operation: string): Way => {
  const setOf = (name: string, member: Member) => {
    const wire = lowerFirst(wireName(name, member));
    return SETS[`${operation}.${name}`] ?? SETS[name] ?? { set: wire.endsWith('Set') ? wire : `${wire}Set` };
  };
  return {
    schema,
    nameOf(name, member) {
      if (schema.shapes[member.shape]?.type === 'list') return setOf(name, member).set;
      const own = `${operation}.${name}`;
      if (Object.hasOwn(MEMBERS, own)) return MEMBERS[own];
      return Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : lowerFirst(wireName(name, member));
    },
    itemsOf(name, member, list, shown) {
      const { item, under = 'items' } = setOf(name, member);
      const items: unknown = under === 'bare' || !isObject(shown) ? shown : shown[under];
      if (!Array.isArray(items)) return [];
      if ('members' in (schema.shapes[list.member.shape] ?? {})) return items;
      return items.flatMap((i) => (isObject(i) && Object.hasOwn(i, item ?? '') ? [i[item ?? '']] : []));
    },
  };
};

const taggedWay = (schema: ServiceSchema): Way => ({
  schema,
  nameOf: wireName,
  itemsOf(_name, _member, list, shown) {
    const items = Array.isArray(shown) ? shown : [shown];
    return 'members' in (schema.shapes[list.member.shape] ?? {}) ? items : items.map((item) => item.content);
  },
});

function ec2Output(schema: ServiceSchema, operation: string, shape: string, shown: Real): Real {
  const name = (n: string, { xmlName, ec2Name }: Member) => xmlName ?? lowerFirst(ec2Name ?? n);
  if (!CLASSIC_OPERATIONS.has(operation)) {
    const body = shown[`${operation}Response`];
    const itemsOf: Way['itemsOf'] = (_n, _m, { member }, list) => {
      const items = isObject(list) ? list[member.xmlName ?? 'item'] : undefined;
      return items === undefined ? [] : Array.isArray(items) ? items : [items];
    };
    return isObject(body) ? structure({ schema, nameOf: name, itemsOf }, operation, shape, body) : {};
  }
  const itemsOf: Way['itemsOf'] = (_n, member, _l, list) => {
    const under = member.xmlName === 'privateIpAddressesSet' ? 'item' : 'items';
    const items = isObject(list) ? list[under] : undefined;
    return Array.isArray(items) ? items : [];
  };
  const { zone: availabilityZone, ...rest } = shown;
  const renamed = operation === 'CreateVolume' ? { ...rest, availabilityZone } : shown;
  return structure({ schema, nameOf: name, itemsOf }, operation, shape, { ...renamed, return: shown._return });
}

/** Buckets, keys and bodies; the rest of an S3 record is the HTTP request's: see `httpOf`. */
function s3Input(schema: ServiceSchema, shape: string, shown: Real): Real {
  const out: Real = {};
  if (shown.bucketName !== undefined) out.Bucket = shown.bucketName;
  if (shown.key !== undefined) out.Key = shown.key;
  for (const [name, member] of Object.entries(membersOf(schema, shape))) {
    if (member.location !== 'payload') continue;
    const policy = name === 'Policy' ? shown.bucketPolicy : undefined;
    if (policy !== undefined) out[name] = JSON.stringify(policy);
    const body = shown[member.xmlName ?? name];
    if (!isObject(body)) continue;
    out[name] = structure(
      {
        schema,
        nameOf: (n, { xmlName = n }) => xmlName,
        itemsOf: (_n, inner, list, given) => {
          const items = inner.xmlFlattened ? given : (given as Real)?.[list.member.xmlName ?? 'member'];
          return items === undefined ? [] : Array.isArray(items) ? items : [items];
        },
      },
      name,
      member.shape,
      body,
    );
  }
  return out;
}

/** The HTTP request and answer of a real record, as far as it shows in it. */
export function httpOf(real: Real): Call['http'] {
  const { bucketName, key, Host, bucketPolicy, ...rest } = real.requestParameters ?? {};
  const extra = real.additionalEventData ?? {};
  const texts = Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const isHeader = ([name]: readonly [string, string]) => name.startsWith('x-amz-');
  return {
    host: Host ?? '',
    method: 'GET',
    query: texts.filter((entry) => !isHeader(entry)),
    headers: Object.fromEntries(texts.filter(isHeader)),
    responseHeaders: {
      ...real.responseElements,
      ...(extra['x-amz-id-2'] && { 'x-amz-id-2': extra['x-amz-id-2'] }),
    },
    bytesIn: extra.bytesTransferredIn ?? 0,
    bytesOut: extra.bytesTransferredOut ?? 0,
    authentication: extra.AuthenticationMethod ?? 'AuthHeader',
  };
}

/** Lines `path: real ≠ made`. */
export function differences(path: string, real: unknown, made: unknown, out: string[]): void {
  if (Object.is(real, made)) return;
  const bothObjects = real && made && typeof real === 'object' && typeof made === 'object';
  if (!bothObjects || Array.isArray(real) !== Array.isArray(made)) {
    out.push(`${path}: ${short(real)} ≠ ${short(made)}`);
    return;
  }
  for (const key of new Set([...Object.keys(real), ...Object.keys(made)])) {
    const name = Array.isArray(real) ? '*' : key;
    differences(`${path}.${name}`, (real as Real)[key], (made as Real)[key], out);
  }
}

const short = (value: unknown) => (JSON.stringify(value) ?? 'absent').slice(0, 120);
