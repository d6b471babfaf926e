import type { StoredLogEvent } from '../../../ports/log-groups.ts';
import { type Group, groupArn, type Stream } from '../model.ts';
import { pointerTo } from '../pointers.ts';

/** Fields that are discovered in one record of JSON (user guide, "Supported logs and discovered fields"). */
export const FIELDS_MAX = 200;
/** What is nested deeper has no fields: messages are anybody's. */
const DEPTH_MAX = 100;

/** All fields of an event, as GetLogRecord tells them. */
export function fieldsOf(
  event: StoredLogEvent,
  { group, stream }: { readonly group: Group; readonly stream: Stream },
): Record<string, string> {
  return {
    ...Object.fromEntries(discovered(jsonOf(event.message))),
    '@message': event.message,
    '@timestamp': String(event.timestampMs),
    '@ingestionTime': String(event.ingestedMs),
    '@logStream': stream.name,
    '@log': `${group.accountId}:${group.name}`,
    '@ptr': pointerTo(group.id, event),
    '@aws.account': group.accountId,
    '@aws.region': group.region,
    '@aws.logGroup': groupArn(group, group.name),
  };
}

/** An object or array that the text is; undefined when it is none. */
export function jsonOf(text: string): unknown {
  const at = text.search(/\S/);
  if (at < 0 || (text[at] !== '{' && text[at] !== '[')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Leaves by their paths, `a.b.0`; the first two hundred. */
export function discovered(json: unknown): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  const walk = (value: unknown, path: string, depth: number): void => {
    if (found.length >= FIELDS_MAX || depth > DEPTH_MAX) return;
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`, depth + 1);
    } else if (path !== '' && value !== null && value !== undefined) found.push([path, String(value)]);
  };
  walk(json, '', 0);
  return found;
}
