// A ServiceSchema as the catalogue keeps it; packages/server/src/schema/packed.ts defines the form and reads it back.

const PARTS = ['member', 'key', 'value'];
const isPlain = (shape) => Object.keys(shape).length === 1;

/** Operations and shapes of a schema, packed. The schema is left as it was. */
export function pack(schema) {
  const { operations, shapes } = merged(schema);
  const uses = countUses(operations, shapes);
  const places = new Map();
  const shared = [];

  function reference(name) {
    const shape = shapes[name];
    if (isPlain(shape)) return shape.type === 'string' ? 0 : shape.type;
    if (uses.get(name) === 1) return body(shape);
    if (!places.has(name)) {
      places.set(name, shared.push(undefined));
      shared[places.get(name) - 1] = body(shape);
    }
    return places.get(name);
  }

  function body({ type, members, member, key, value, ...own }) {
    if (member) return { ...own, l: use(member) };
    if (key) return { ...own, k: use(key), v: use(value) };
    if (!members) return { t: type, ...own };
    const packed = Object.entries(members).map(([name, m]) => [name, use(m, name)]);
    return { ...(type === 'union' && { union: true }), ...own, m: Object.fromEntries(packed) };
  }

  function use({ shape, ...traits }, name) {
    // A label goes by its member's name, in all of AWS.
    if (traits.location === 'uri' && traits.locationName === name) delete traits.locationName;
    return Object.keys(traits).length === 0 ? reference(shape) : [reference(shape), traits];
  }

  const thrown = [...new Set(Object.values(operations).flatMap((operation) => operation.errors))].sort();
  const ops = Object.entries(operations).map(([name, { input, output, errors, http }]) => [
    name,
    [
      input === undefined ? null : reference(input),
      output === undefined ? null : reference(output),
      errors.map((error) => thrown.indexOf(error)),
      ...(http ? [http.method, http.uri, ...(http.code === 200 ? [] : [http.code])] : []),
    ],
  ]);
  const errors = Object.fromEntries(thrown.map((name) => [name, schema.shapes[name].error ?? {}]));
  return { ops: Object.fromEntries(ops), shared, errors };
}

/** What decoding and routing have no use for: most of what is required, and which members clients fill by themselves. */
function slimMember({ required, idempotencyToken: _, ...member }) {
  const routes = required && (member.location === 'query' || member.location === 'header');
  return { ...member, ...(routes && { required: true }) };
}

function slimShape(shape) {
  const slim = { ...shape };
  for (const part of PARTS) if (shape[part]) slim[part] = slimMember(shape[part]);
  if (shape.members) {
    slim.members = Object.fromEntries(Object.entries(shape.members).map(([name, m]) => [name, slimMember(m)]));
  }
  // A header of this type is in base64 (Smithy, mediaType), as `json` says.
  if (shape.type === 'string' && shape.mediaType === 'application/json') slim.json = true;
  return slim;
}

/** The schema with equal shapes made one, until none are equal. */
function merged(schema) {
  let shapes = Object.fromEntries(Object.entries(schema.shapes).map(([name, shape]) => [name, slimShape(shape)]));
  let operations = schema.operations;
  for (;;) {
    const firsts = new Map();
    const to = new Map();
    for (const [name, shape] of Object.entries(shapes)) {
      const text = JSON.stringify(shape);
      if (firsts.has(text)) to.set(name, firsts.get(text));
      else firsts.set(text, name);
    }
    if (to.size === 0) return { operations, shapes };
    const renamed = (name) => to.get(name) ?? name;
    const member = (m) => ({ ...m, shape: renamed(m.shape) });
    const kept = Object.entries(shapes).filter(([name]) => !to.has(name));
    shapes = Object.fromEntries(kept.map(([name, shape]) => [name, withMembers(shape, member)]));
    operations = Object.fromEntries(
      Object.entries(operations).map(([name, { input, output, ...rest }]) => [
        name,
        { ...rest, ...(input && { input: renamed(input) }), ...(output && { output: renamed(output) }) },
      ]),
    );
  }
}

function withMembers(shape, change) {
  const changed = { ...shape };
  for (const part of PARTS) if (shape[part]) changed[part] = change(shape[part]);
  if (shape.members) {
    changed.members = Object.fromEntries(Object.entries(shape.members).map(([name, m]) => [name, change(m)]));
  }
  return changed;
}

const membersOf = (shape) => [...Object.values(shape.members ?? {}), ...PARTS.flatMap((part) => shape[part] ?? [])];

/** How often each shape is used by what inputs and outputs reach. */
function countUses(operations, shapes) {
  const uses = new Map();
  const visit = (name) => {
    const count = uses.get(name) ?? 0;
    uses.set(name, count + 1);
    if (count === 0) for (const member of membersOf(shapes[name])) visit(member.shape);
  };
  for (const { input, output } of Object.values(operations)) for (const name of [input, output]) if (name) visit(name);
  return uses;
}
