import type { ListShape, Member, ServiceSchema } from '../../schema/types.ts';
import { define, isObject, plain } from '../parameters.ts';
import { hiddenAs, isLeftOut } from './redaction.ts';

/**
 * A value as a converter from XML to JSON would have it that knows no schema: one item is no list, numbers and booleans
 * are read out of text, an empty element is `""`. S3 logs the bodies of its requests so, and EC2 the requests and answers
 * of its newer operations (spec: record-conventions §8.1). Read from the decoded value by the schema, not from the wire:
 * the schema knows what is secret.
 */
export interface XmlStyle {
  readonly schema: ServiceSchema;
  /** In place of sensitive values; undefined leaves them out. */
  readonly marker: string | undefined;
  /** Name of a member's element. */
  readonly nameOf: (name: string, member: Member) => string;
  /** What a list member shows as. */
  readonly listOf: (member: Member, shape: ListShape, items: readonly unknown[]) => unknown;
}

/**
 * @param parent the operation, or the member that the value is: what the tables of secrets go by
 * @returns undefined: not to be shown
 */
export function xmlStyled(style: XmlStyle, parent: string, member: Member, value: unknown): unknown {
  const { schema } = style;
  const shape = schema.shapes[member.shape];
  if (shape === undefined) return undefined;
  if (shape.sensitive || member.sensitive) return style.marker;
  if ('members' in shape) {
    if (!isObject(value)) return undefined;
    const out: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(shape.members)) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given === undefined || given === null || isLeftOut(schema.id, parent, name)) continue;
      const shown = hiddenAs(schema.id, parent, name) ?? xmlStyled(style, name, inner, given);
      if (shown !== undefined) define(out, style.nameOf(name, inner), shown);
    }
    return out;
  }
  if (shape.type === 'list') {
    if (!Array.isArray(value)) return undefined;
    const items = value
      .map((item) => xmlStyled(style, parent, shape.member, item))
      .filter((item) => item !== undefined);
    return style.listOf(member, shape, items);
  }
  if (shape.type === 'blob') return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  return typeof value === 'string' ? scalar(value) : plain(value);
}

/** One item stands for itself, no items are an empty element. */
export const collapsed = (items: readonly unknown[]): unknown =>
  items.length === 0 ? '' : items.length === 1 ? items[0] : items;

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text !== '' && String(number) === text && Number.isFinite(number) ? number : text;
}
