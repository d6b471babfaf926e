import type { ListShape, MapShape, Member, SimpleShape, StructureShape } from '../../schema/types.ts';
import { type Context, NESTING_MAX, shapeOf, textOf } from './problem.ts';
import { AWS_TYPE, formatText, looseScalar, parseText } from './scalar.ts';
import { escapeXml, parseXml, type XmlNode } from './xml-parse.ts';

/**
 * Reads an XML body by a shape.
 * @param rootName what the root element must be called, unless the context is lenient
 * @throws AwsError of the context for what is not well-formed or does not fit; elements it does not know are ignored
 */
export function readXml(context: Context, member: Member, body: Buffer, rootName: string): unknown {
  const root = xmlRoot(context, body);
  if (root.name !== rootName && !context.lenient)
    throw context.problem('', `the root element is ${root.name}, not ${rootName}`);
  return readElement(context, member, root, 0);
}

/** The document's root element. @throws AwsError of the context for what is not well-formed */
export function xmlRoot({ problem }: Context, body: Buffer): XmlNode {
  const text = textOf(body, problem);
  try {
    return parseXml(text);
  } catch (error) {
    throw problem('', (error as Error).message);
  }
}

/** Reads an element by the shape that it is known to have. @throws AwsError of the context for what does not fit */
export function readElement(context: Context, member: Member, node: XmlNode, depth = 0): unknown {
  if (depth > NESTING_MAX) throw context.problem(node.name, `nested more than ${NESTING_MAX} deep`);
  const shape = shapeOf(context.schema, member.shape);
  if (shape.type === 'structure' || shape.type === 'union') return readStructure(context, shape, node, depth);
  if (shape.type === 'list') {
    const name = itemName(shape);
    return readItems(context, shape, named(node, name), depth);
  }
  if (shape.type === 'map') return readEntries(context, shape, named(node, 'entry'), depth);
  if (node.children.length > 0) return unfit(context, node.name, 'elements where text was expected');
  return readText(context, member, node.text, node.name);
}

function readStructure(context: Context, shape: StructureShape, node: XmlNode, depth: number) {
  const out: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(shape.members)) {
    const wire = member.xmlName ?? name;
    if (member.xmlAttribute) {
      const text = node.attributes.get(wire);
      const value = text === undefined ? undefined : readText(context, member, text, wire);
      if (value !== undefined) out[name] = value;
      continue;
    }
    const children = named(node, wire);
    const first = children[0];
    if (!first) continue;
    if (!member.xmlFlattened && children.length > 1) unfit(context, wire, 'the element stands more than once');
    const value = member.xmlFlattened
      ? readFlattened(context, member, children, depth)
      : readElement(context, member, first, depth + 1);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

function readFlattened(context: Context, member: Member, nodes: readonly XmlNode[], depth: number): unknown {
  const shape = shapeOf(context.schema, member.shape);
  if (shape.type === 'map') return readEntries(context, shape, nodes, depth);
  return readItems(context, shape as ListShape, nodes, depth);
}

function readItems(context: Context, shape: ListShape, nodes: readonly XmlNode[], depth: number): unknown[] {
  return nodes.map((node) => readElement(context, shape.member, node, depth + 1)).filter((item) => item !== undefined);
}

function readEntries(context: Context, shape: MapShape, entries: readonly XmlNode[], depth: number) {
  const out: [string, unknown][] = [];
  for (const entry of entries) {
    const [key] = named(entry, shape.key.xmlName ?? 'key');
    const [value] = named(entry, shape.value.xmlName ?? 'value');
    const inner =
      key && value
        ? readElement(context, shape.value, value, depth + 1)
        : unfit(context, entry.name, 'an entry has a key and a value');
    if (inner !== undefined) out.push([key!.text, inner]);
  }
  return Object.fromEntries(out);
}

function readText(context: Context, member: Member, text: string, place: string): unknown {
  const shape = shapeOf(context.schema, member.shape) as SimpleShape;
  const value = parseText(member, shape, shape.type === 'string' ? text : text.trim(), 'date-time');
  if (value !== undefined) return value;
  if (context.lenient) return looseScalar(member, shape, text);
  throw context.problem(place, `${JSON.stringify(text.slice(0, 100))} is not a valid ${AWS_TYPE[shape.type]}`);
}

function unfit({ problem, lenient }: Context, place: string, complaint: string): undefined {
  if (lenient) return undefined;
  throw problem(place, complaint);
}

function named(node: XmlNode, name: string): XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

function itemName(shape: ListShape): string {
  return shape.member.xmlName ?? 'member';
}

type Tree = Readonly<Record<string, unknown>>;

/** Writes the members of a structure as elements, without the structure's own tags. */
export function writeMembers(context: Context, shape: StructureShape, value: Tree): string {
  let out = '';
  for (const { name, xmlName, member } of membersOf(shape).elements) {
    const given = value[name];
    if (given !== undefined && given !== null) out += writeMember(context, xmlName, member, given);
  }
  return out;
}

interface WrittenMember {
  readonly name: string;
  readonly xmlName: string;
  readonly member: Member;
}

interface WrittenMembers {
  readonly elements: readonly WrittenMember[];
  readonly attributes: readonly WrittenMember[];
}

/** Of shapes that were written before: a page of a listing writes one a thousand times. */
const writtenBefore = new WeakMap<StructureShape, WrittenMembers>();

function membersOf(shape: StructureShape): WrittenMembers {
  let members = writtenBefore.get(shape);
  if (!members) {
    const all = Object.entries(shape.members).map(([name, member]) => {
      return { name, xmlName: member.xmlName ?? name, member };
    });
    const [elements, attributes] = [false, true].map((is) =>
      all.filter((m) => (m.member.xmlAttribute ?? false) === is),
    );
    members = { elements: elements!, attributes: attributes! };
    writtenBefore.set(shape, members);
  }
  return members;
}

/** Writes one member as an element, or as many when it is flattened. */
export function writeMember(context: Context, name: string, member: Member, value: unknown): string {
  const shape = shapeOf(context.schema, member.shape);
  const namespace = member.xmlNamespace ? ` xmlns:${member.xmlNamespace.replace(' ', '="')}"` : '';
  switch (shape.type) {
    case 'structure':
    case 'union': {
      const inner = writeMembers(context, shape, value as Tree);
      return element(name, inner, namespace + writeAttributes(shape, value as Tree));
    }
    case 'list': {
      const item = member.xmlFlattened ? name : itemName(shape);
      const items = (value as readonly unknown[]).map((one) => writeMember(context, item, shape.member, one)).join('');
      return member.xmlFlattened ? items : element(name, items, namespace);
    }
    case 'map': {
      const tag = member.xmlFlattened ? name : 'entry';
      const entries = Object.entries(value as Tree).map(([k, v]) => {
        const key = element(shape.key.xmlName ?? 'key', escapeXml(k));
        return element(tag, key + writeMember(context, shape.value.xmlName ?? 'value', shape.value, v));
      });
      return member.xmlFlattened ? entries.join('') : element(name, entries.join(''), namespace);
    }
    default:
      return element(name, escapeXml(scalarText(context, member, shape, value)), namespace);
  }
}

function scalarText({ shortDates }: Context, member: Member, shape: SimpleShape, value: unknown): string {
  const text = formatText(member, shape, value, 'date-time');
  return shortDates && shape.type === 'timestamp' ? text.replace(/\.000Z$/, 'Z') : text;
}

function writeAttributes(shape: StructureShape, value: Tree): string {
  return membersOf(shape)
    .attributes.filter(({ name }) => value[name] !== undefined)
    .map(({ name, xmlName }) => ` ${xmlName}="${escapeXml(String(value[name]))}"`)
    .join('');
}

/** An element around what is XML already. @param attributes with a space before each */
export function element(name: string, inner: string, attributes = ''): string {
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
}

/** A whole document. */
export function xmlDocument(root: string): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${root}`);
}
