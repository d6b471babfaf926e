import type { Call } from '../call.ts';
import { answerOf, define, isObject, lowerFirst, plain, requestOf } from '../parameters.ts';
import type { CloudTrailRecord } from '../record.ts';
import { isDataEvent } from './data-events.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * DynamoDB's item operations log keys with their values, items by the names of their attributes alone, and literals in
 * PartiQL as `***(Redacted)`; their answers are not logged (DynamoDB's guide, "Understanding log file entries"). What is
 * left out of the rest stands in redaction.ts.
 */
export function dynamodbRequestParameters(call: Call): CloudTrailRecord['requestParameters'] {
  const { schema, operation, input } = call;
  const shown = requestOf(schema, operation, input);
  if (input === undefined || !isDataEvent(schema, operation)) return shown;
  const items = input.TransactItems ?? input.Statements ?? input.TransactStatements ?? input.RequestItems;
  const whole = { ...shown, ...contentOf(input), ...(items !== undefined && { requestItems: requestItems(items) }) };
  return Object.keys(whole).length === 0 ? null : whole;
}

export const dynamodbResponseElements = ({ schema, operation, output }: Call): CloudTrailRecord['responseElements'] =>
  isDataEvent(schema, operation) ? null : answerOf(schema, operation, output);

/** The members whose values are items, keys or text that may hold such values. */
function contentOf({ Key, Item, Statement }: Values): Record<string, unknown> {
  return {
    ...(isObject(Key) && { key: valuesOf(Key) }),
    ...(isObject(Item) && { item: Object.keys(Item) }),
    ...(typeof Statement === 'string' && { statement: Statement.replace(LITERAL, "'***(Redacted)'") }),
  };
}

/** A string of PartiQL; a quote inside stands twice. */
const LITERAL = /'(?:[^']|'')*'/g;

/** `{"Artist": {"S": "x"}}` → `{"Artist": "x"}`: keys are scalars. */
function valuesOf(key: Values): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(key)) {
    const scalar = isObject(value) ? plain(value.S ?? value.N) : undefined;
    if (scalar !== undefined) define(out, name, scalar);
  }
  return out;
}

/** Parts of transactions and batches: a list of `{operation, tableName, key}`, `{statement}`, or the like by table. */
function requestItems(items: unknown): unknown {
  if (Array.isArray(items)) return items.slice(0, PARTS_MAX).map((item) => (isObject(item) ? partOf(item) : {}));
  if (!isObject(items)) return [];
  return Object.entries(items).flatMap(([tableName, wanted]) => {
    const keys = isObject(wanted) && Array.isArray(wanted.Keys) ? wanted.Keys.map((Key) => ({ Key })) : wanted;
    if (!Array.isArray(keys)) return [];
    return keys.slice(0, PARTS_MAX).map((item) => ({ tableName, ...(isObject(item) ? partOf(item) : {}) }));
  });
}

/** DynamoDB takes no more in one request. */
const PARTS_MAX = 100;

const OPERATIONS: Readonly<Record<string, string>> = { PutRequest: 'Put', DeleteRequest: 'Delete' };

function partOf(part: Values): Record<string, unknown> {
  const direct = contentOf(part);
  if (Object.keys(direct).length > 0) return direct;
  const [name, inner] = Object.entries(part).find(([, value]) => isObject(value)) ?? [];
  if (name === undefined || !isObject(inner)) return {};
  const { item, ...content } = contentOf(inner);
  const texts = Object.entries(inner).filter(([, value]) => typeof value === 'string');
  return {
    operation: OPERATIONS[name] ?? name,
    ...Object.fromEntries(texts.map(([member, value]) => [lowerFirst(member), value])),
    ...content,
    ...(item !== undefined && { items: item }),
  };
}
