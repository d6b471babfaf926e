import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../../schema/catalogue.ts';
import { READ_ONLY } from './classes.ts';
import { DATA } from './data-events.ts';
import { CLASSIC_OPERATIONS } from './ec2-requests.ts';
import { EVENT_NAMES } from './event-names.ts';
import { LAYOUTS } from './layouts.ts';
import { HIDDEN_TOO, LEFT_OUT, MARKED, MARKERS } from './redaction.ts';
import { NAMED, OWNED } from './resources.ts';
import { API_VERSIONS, EVENT_SOURCES, GLOBAL } from './sources.ts';
import { STYLES } from './times.ts';

/** A table's key that names nothing is a slip: the service or operation would silently be written by the default. */
const catalogue = loadCatalogue();
const OURS = ['opentrail', 'signin'];
const known = new Set([...catalogue.entries.map(({ id }) => id), ...OURS]);

describe('tables of conventions', () => {
  const tables = {
    API_VERSIONS,
    DATA,
    EVENT_NAMES,
    EVENT_SOURCES,
    GLOBAL,
    HIDDEN_TOO,
    LAYOUTS,
    LEFT_OUT,
    MARKED,
    MARKERS,
  };
  it.each(Object.entries({ ...tables, NAMED, OWNED, READ_ONLY, STYLES }))(
    '%s names services that exist',
    (_, table) => {
      expect(Object.keys(table).filter((id) => !known.has(id))).toEqual([]);
    },
  );

  it('name operations that exist', () => {
    const named: [string, string][] = [
      ...Object.entries(EVENT_NAMES).flatMap(([id, names]) => Object.keys(names).map((o): [string, string] => [id, o])),
      ...Object.entries(READ_ONLY).flatMap(([id, names]) => Object.keys(names).map((o): [string, string] => [id, o])),
      ...Object.entries(DATA).flatMap(([id, names]) =>
        names === true ? [] : [...names].map((o): [string, string] => [id, o]),
      ),
      ...Object.entries(LAYOUTS).flatMap(([id, { always = {}, answers = {} }]) =>
        [...Object.keys(always), ...Object.keys(answers)].map((o): [string, string] => [id, o]),
      ),
      ...[...CLASSIC_OPERATIONS].map((o): [string, string] => ['ec2', o]),
    ];
    const missing = named.filter(([id, o]) => !OURS.includes(id) && !catalogue.schema(id)?.operations[o]);
    expect(missing).toEqual([]);
  });
});
