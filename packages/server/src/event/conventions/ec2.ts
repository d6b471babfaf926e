import type { Member, ServiceSchema, Shape } from '../../schema/types.ts';
import type { Call } from '../call.ts';
import { define, isObject, lowerFirst, plain } from '../parameters.ts';
import { ALWAYS, ALWAYS_INSIDE, CLASSIC_OPERATIONS, MEMBERS, ROOT_ELEMENTS, SETS } from './ec2-requests.ts';
import { hiddenAs, markerOf } from './redaction.ts';
import { timeOf } from './times.ts';
import { collapsed, type XmlStyle, xmlStyled } from './xml-style.ts';

type Values = Readonly<Record<string, unknown>>;

/** requestParameters of an EC2 call: sets for the older operations, an XML body for the newer. */
export function ec2RequestParameters({ schema, operation, input }: Call): Record<string, unknown> | null {
  if (input === undefined) return null;
  const shape = schema.operations[operation]?.input ?? '';
  if (!CLASSIC_OPERATIONS.has(operation)) {
    const body = xmlStyled(requestStyle(schema), operation, { shape }, input);
    return { [ROOT_ELEMENTS[operation] ?? `${operation}Request`]: isEmpty(body) ? '' : body };
  }
  const shown = structureOf({ schema, operation, side: 'request' }, operation, shape, input, 0);
  const whole = (RESHAPED[operation] ?? asItIs)({ ...shown, ...missing(ALWAYS[operation], shown) }, input);
  return isEmpty(whole) ? null : whole;
}

/** responseElements of an EC2 call that changed something. */
export function ec2ResponseElements({ schema, operation, output = {}, requestId }: Call): Record<string, unknown> {
  const shape = schema.operations[operation]?.output ?? '';
  if (!CLASSIC_OPERATIONS.has(operation)) {
    const xmlns = `${(schema.xmlNamespace ?? '').replace(/\/$/, '')}/`;
    const body = shape === '' ? { return: true } : xmlStyled(responseStyle(schema), operation, { shape }, output);
    return { [`${operation}Response`]: { xmlns, requestId, ...(isObject(body) && body) } };
  }
  const shown = structureOf({ schema, operation, side: 'response' }, operation, shape, output, 0);
  const { return: given, ...members } = shown;
  const returned = given ?? (isEmpty(members) || RETURNS_TOO.has(operation) ? true : undefined);
  const whole = operation === 'CreateVolume' ? createdVolume(members) : members;
  return { requestId, ...whole, ...(returned !== undefined && { _return: returned }) };
}

/** Answers that say `<return>true</return>` beside members, which no model tells. */
const RETURNS_TOO: ReadonlySet<string> = new Set([
  ...['AssignPrivateIpAddresses', 'AssociateAddress', 'CreateSecurityGroup', 'DeleteKeyPair', 'DisassociateRouteTable'],
]);

const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

function missing(always: Values | undefined, shown: Values): Record<string, unknown> {
  return Object.fromEntries(Object.entries(always ?? {}).filter(([name]) => !Object.hasOwn(shown, name)));
}

interface Context {
  readonly schema: ServiceSchema;
  readonly operation: string;
  readonly side: 'request' | 'response';
}

/** Deeper than any EC2 shape that does not contain itself. */
const DEPTH_MAX = 32;

function structureOf(context: Context, parent: string, shapeName: string, value: Values, depth: number) {
  const { schema, side } = context;
  const shape = schema.shapes[shapeName];
  const out: Record<string, unknown> = {};
  if (shape === undefined || !('members' in shape) || depth > DEPTH_MAX) return out;
  for (const name in shape.members) {
    const member = shape.members[name]!;
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined || given === null) continue;
    if (given === '' && side === 'response') continue; // `<reason/>`: no record known shows one
    const inner = schema.shapes[member.shape];
    const shownAs = nameOf(context, name, member, depth);
    if (inner === undefined || shownAs === undefined) continue;
    if (inner.type === 'list' && side === 'request' && Array.isArray(given)) addSet(context, out, name, member, given);
    else {
      const shown = hiddenAs(schema.id, parent, name) ?? shownOf(context, name, member, inner, given, depth);
      if (shown !== undefined) define(out, shownAs, shown);
    }
  }
  return side === 'request' ? { ...out, ...missing(ALWAYS_INSIDE[parent], out) } : out;
}

function nameOf({ operation, side }: Context, name: string, member: Member, depth: number): string | undefined {
  if (side === 'response') return member.xmlName ?? lowerFirst(member.ec2Name ?? name);
  const own = depth === 0 ? `${operation}.${name}` : name;
  if (Object.hasOwn(MEMBERS, own)) return MEMBERS[own];
  if (Object.hasOwn(MEMBERS, name)) return MEMBERS[name];
  return lowerFirst(member.ec2Name ?? member.xmlName ?? name);
}

/** A list of a request. Two members may make one set: groups by id and by name. */
function addSet(
  context: Context,
  out: Record<string, unknown>,
  name: string,
  member: Member,
  values: readonly unknown[],
) {
  const wire = lowerFirst(member.ec2Name ?? member.xmlName ?? name);
  const { set, item, under } = SETS[`${context.operation}.${name}`] ??
    SETS[name] ?? { set: wire.endsWith('Set') ? wire : `${wire}Set` };
  const shape = context.schema.shapes[member.shape] as Extract<Shape, { type: 'list' }>;
  const items = itemsOf(context, name, shape.member, values, 0, item ?? wire);
  if (under === 'bare') {
    define(out, set, items);
    return;
  }
  const before = out[set] as { items?: readonly unknown[] } | undefined;
  const together = [...(before?.items ?? []), ...items];
  define(out, set, together.length === 0 ? {} : { [under ?? 'items']: together });
}

function itemsOf(
  context: Context,
  name: string,
  member: Member,
  values: readonly unknown[],
  depth: number,
  itemName?: string,
) {
  const shape = context.schema.shapes[member.shape];
  return values.flatMap((value) => {
    const shown = shape && shownOf(context, name, member, shape, value, depth);
    if (shown === undefined) return [];
    return [itemName === undefined || isObject(shown) ? shown : { [itemName]: shown }];
  });
}

/** undefined: not to be shown. */
function shownOf(context: Context, name: string, member: Member, shape: Shape, value: unknown, depth: number): unknown {
  if (member.sensitive || shape.sensitive) return markerOf(context.schema.id);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return isObject(value) ? structureOf(context, name, member.shape, value, depth + 1) : undefined;
    case 'list': {
      if (!Array.isArray(value)) return undefined;
      if (value.length === 0) return {};
      const items = itemsOf(context, name, shape.member, value, depth + 1);
      return { [UNDER_ITEM.has(member.xmlName ?? '') ? 'item' : 'items']: items };
    }
    case 'blob':
    case 'map':
      return undefined;
    default:
      return value instanceof Date ? timeOf(context.schema.id, value) : plain(value);
  }
}

/** Lists of answers that keep the element's own name (spec: record-conventions §8.1). */
const UNDER_ITEM: ReadonlySet<string> = new Set(['privateIpAddressesSet']);

type Reshape = (shown: Record<string, unknown>, input: Values) => Record<string, unknown>;

const asItIs: Reshape = (shown) => shown;

/** Requests whose message type is built differently from the API's, whatever the names. */
const RESHAPED: Readonly<Record<string, Reshape>> = {
  RunInstances({ imageId, minCount, maxCount, keyName, placement, ...rest }) {
    const wanted = { imageId, minCount, maxCount, keyName };
    const items = [Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))];
    return { instancesSet: { items }, ...rest, ...(isObject(placement) && placement), ...noDevices(rest) };
  },
  CreateVolume: (shown) => ({ ...shown, ...(shown.size !== undefined && { size: String(shown.size) }) }),
  DescribeSnapshotAttribute: ({ attribute, ...rest }) => ({
    ...rest,
    ...(typeof attribute === 'string' && { attributeType: attribute.replace(/[A-Z]/g, '_$&').toUpperCase() }),
  }),
  ModifyImageAttribute: (shown, input) => permissions(shown, input, 'launchPermission'),
  ModifySnapshotAttribute: (shown, input) => permissions(shown, input, 'createVolumePermission'),
};

const createdVolume = ({ availabilityZone, size, ...rest }: Record<string, unknown>): Record<string, unknown> => ({
  ...rest,
  ...(size !== undefined && { size: String(size) }),
  ...(availabilityZone !== undefined && { zone: availabilityZone }),
});

/** `NoDevice=""` is an empty element. */
function noDevices({ blockDeviceMapping }: Record<string, unknown>): Record<string, unknown> {
  const items = isObject(blockDeviceMapping) ? (blockDeviceMapping.items as readonly Values[] | undefined) : undefined;
  if (items === undefined) return {};
  return { blockDeviceMapping: { items: items.map((i) => (i.noDevice === '' ? { ...i, noDevice: {} } : i)) } };
}

/** The older way to say who may use an image or a snapshot is logged like the newer. */
function permissions(shown: Record<string, unknown>, input: Values, name: string): Record<string, unknown> {
  const items = [
    ...listOf(input.UserIds).map((userId) => ({ userId })),
    ...listOf(input.UserGroups ?? input.GroupNames).map((group) => ({ group })),
  ];
  const { OperationType } = input;
  return typeof OperationType === 'string' && items.length > 0
    ? { ...shown, [name]: { [OperationType]: { items } } }
    : shown;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Fields of a form are named as ec2Query does; the place of a list's item is its `tag`. */
function requestStyle(schema: ServiceSchema): XmlStyle {
  return {
    schema,
    marker: markerOf(schema.id),
    nameOf: (name, { ec2Name, xmlName = name }) => ec2Name ?? xmlName.charAt(0).toUpperCase() + xmlName.slice(1),
    listOf: (_member, _shape, items) => {
      if (items.length === 0) return undefined;
      return collapsed(
        items.map((item, i) => (isObject(item) ? { ...item, tag: i + 1 } : { tag: i + 1, content: item })),
      );
    },
  };
}

function responseStyle(schema: ServiceSchema): XmlStyle {
  return {
    schema,
    marker: markerOf(schema.id),
    nameOf: (name, { ec2Name, xmlName }) => xmlName ?? lowerFirst(ec2Name ?? name),
    listOf: (_member, { member }, items) =>
      items.length === 0 ? '' : { [member.xmlName ?? 'item']: collapsed(items) },
  };
}
