import type { ListShape, MapShape, Member, Protocol, SimpleShape, StructureShape } from '../../schema/types.ts';
import { type Context, NESTING_MAX, type Problem, problemOf, shapeOf, textOf } from './problem.ts';
import { AWS_TYPE, looseScalar, parseText } from './scalar.ts';

/** EC2's largest requests name 1,000 resources with a few fields each. */
const FIELDS_MAX = 20_000;
/** Parts of their dotted names, which make a tree: five a field on average. */
const NODES_MAX = 100_000;

/** Fields of a form body, decoded, in order. @throws AwsError of the protocol for what is no form */
export function formFields(body: Buffer, protocol: Protocol): [string, string][] {
  const problem = problemOf(protocol);
  const parts = textOf(body, problem)
    .split('&', FIELDS_MAX + 1)
    .filter((part) => part !== '');
  if (parts.length > FIELDS_MAX) throw problem('', `A form may have ${FIELDS_MAX} fields`);
  return parts.map((part) => {
    const eq = part.indexOf('=');
    const [name, value] = eq < 0 ? [part, ''] : [part.slice(0, eq), part.slice(eq + 1)];
    return [formDecode(name, problem), formDecode(value, problem)];
  });
}

function formDecode(text: string, problem: Problem): string {
  try {
    return decodeURIComponent(text.trim().replaceAll('+', ' '));
  } catch {
    throw problem('', 'The form is not percent-encoded UTF-8');
  }
}

/** The form's dotted names as a tree: `Tags.member.1.Key=a`. */
interface FormNode {
  value?: string;
  readonly children: Map<string, FormNode>;
}

/**
 * Reads the input of an awsQuery or ec2Query operation from its fields.
 * @throws AwsError MalformedInput (awsQuery), InvalidParameterValue (ec2Query)
 */
export function readForm(
  context: FormContext,
  input: string,
  fields: readonly (readonly [string, string])[],
): Record<string, unknown> {
  const root = formNodes(fields, context.problem);
  return readStructure(context, shapeOf(context.schema, input) as StructureShape, root, '');
}

export interface FormContext extends Context {
  readonly ec2: boolean;
}

/** @throws AwsError of the protocol when the names make more of a tree than any request has */
function formNodes(fields: readonly (readonly [string, string])[], problem: Problem): FormNode {
  const root: FormNode = { children: new Map() };
  let nodes = 0;
  for (const [name, value] of fields) {
    const path = name.split('.', NESTING_MAX + 1);
    if (path.length > NESTING_MAX) throw problem(name.slice(0, 100), 'The field is nested too deep');
    let node = root;
    for (const part of path) {
      let child = node.children.get(part);
      if (!child) {
        if (++nodes > NODES_MAX) throw problem('', `The names of a form may have ${NODES_MAX} parts`);
        child = { children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.value = value;
  }
  return root;
}

function readStructure(context: FormContext, shape: StructureShape, node: FormNode, place: string) {
  const out: Record<string, unknown> = {};
  for (const name in shape.members) {
    const member = shape.members[name]!;
    const wire = nameOf(context, name, member);
    const child = node.children.get(wire);
    const value = child && readMember(context, member, child, place === '' ? wire : `${place}.${wire}`);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** ec2Query capitalises the first letter of names that have no name of their own (Smithy, ec2Query §query key). */
function nameOf({ ec2 }: FormContext, name: string, member: Member): string {
  if (!ec2) return member.xmlName ?? name;
  const base = member.xmlName ?? name;
  return member.ec2Name ?? base.charAt(0).toUpperCase() + base.slice(1);
}

function readMember(context: FormContext, member: Member, node: FormNode, place: string): unknown {
  const shape = shapeOf(context.schema, member.shape);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return readStructure(context, shape, node, place);
    case 'list':
      return readList(context, shape, member, node, place);
    case 'map':
      return readMap(context, shape, member, node, place);
    default:
      return readScalar(context, shape, member, node, place);
  }
}

function readScalar(context: FormContext, shape: SimpleShape, member: Member, node: FormNode, place: string): unknown {
  const { problem, lenient } = context;
  if (node.value === undefined) {
    if (lenient) return undefined;
    throw problem(place, 'Start of structure or list found where not expected');
  }
  const value = parseText(member, shape, node.value, 'date-time');
  if (value !== undefined) return value;
  if (lenient) return looseScalar(member, shape, node.value);
  throw problem(place, `${JSON.stringify(node.value.slice(0, 100))} is not a valid ${AWS_TYPE[shape.type]}`);
}

function readList(context: FormContext, shape: ListShape, member: Member, node: FormNode, place: string): unknown[] {
  const flat = context.ec2 || member.xmlFlattened;
  const items = flat ? node : node.children.get(shape.member.xmlName ?? 'member');
  return numbered(items)
    .map(([index, item]) => readMember(context, shape.member, item, `${place}.${index}`))
    .filter((item) => item !== undefined);
}

function readMap(context: FormContext, shape: MapShape, member: Member, node: FormNode, place: string) {
  const entries = numbered(member.xmlFlattened ? node : node.children.get('entry'));
  const out: [string, unknown][] = [];
  for (const [index, entry] of entries) {
    const key = entry.children.get(shape.key.xmlName ?? 'key')?.value;
    const node = entry.children.get(shape.value.xmlName ?? 'value');
    if ((key === undefined || !node) && !context.lenient) {
      throw context.problem(`${place}.${index}`, 'An entry has a key and a value');
    }
    const value = node && readMember(context, shape.value, node, `${place}.${index}.value`);
    if (key !== undefined && value !== undefined) out.push([key, value]);
  }
  return Object.fromEntries(out);
}

/** Children named 1, 2, 3 … in that order; clients may leave gaps and may not keep the order. */
function numbered(node: FormNode | undefined): [number, FormNode][] {
  if (!node) return [];
  return [...node.children]
    .filter(([name]) => /^\d{1,9}$/.test(name))
    .map(([name, child]): [number, FormNode] => [Number(name), child])
    .sort(([a], [b]) => a - b);
}
