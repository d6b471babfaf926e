import type { Member, OperationSchema, Shape, SimpleShape, StructureShape } from './types.ts';

/**
 * A service's operations and shapes as the catalogue keeps them: a shape used once is written where it is used, names of
 * shapes are gone (but for errors), and of `required` only what routing asks for is left. Made by
 * scripts/catalogue/pack.mjs.
 */
export interface PackedService {
  readonly ops: Readonly<Record<string, PackedOperation>>;
  /** Shapes that are used more than once; a number n refers to the nth, from 1. */
  readonly shared: readonly PackedShape[];
  /** Names of error shapes, with their traits. */
  readonly errors: Readonly<Record<string, NonNullable<StructureShape['error']>>>;
}

/** Input, output (null: none), errors by their place in `errors`, and the HTTP binding of REST services. */
export type PackedOperation = readonly [
  PackedReference | null,
  PackedReference | null,
  readonly number[],
  method?: string,
  uri?: string,
  code?: number,
];

/** 0 is a plain string, by far the commonest; a name is another plain simple type. */
export type PackedReference = number | SimpleShape['type'] | PackedShape;
/** A use of a shape, with its traits if it has any. */
export type PackedMember = PackedReference | readonly [PackedReference, Omit<Member, 'shape'>];

type OwnTraits = Omit<SimpleShape, 'type'> & Omit<StructureShape, 'type' | 'members'>;
export type PackedShape = OwnTraits &
  (
    | { readonly t: SimpleShape['type'] }
    | { readonly m: Readonly<Record<string, PackedMember>>; readonly union?: true }
    | { readonly l: PackedMember }
    | { readonly k: PackedMember; readonly v: PackedMember }
  );

interface Unpacked {
  readonly operations: Record<string, OperationSchema>;
  readonly shapes: Record<string, Shape>;
}

/** Writes a packed service out in full, its shapes under names of the catalogue's own. */
export function unpack({ ops, shared, errors }: PackedService): Unpacked {
  const shapes: Record<string, Shape> = {};
  for (const [name, error] of Object.entries(errors)) shapes[name] = { type: 'structure', members: {}, error };
  let inlined = 0;

  function add(reference: PackedReference): string {
    if (typeof reference === 'number' && reference > 0) return addAs(`s${reference}`, shared[reference - 1]!);
    if (typeof reference === 'object') return addAs(`i${++inlined}`, reference);
    const type = reference === 0 ? 'string' : (reference as SimpleShape['type']);
    shapes[type] ??= { type };
    return type;
  }

  /** No name of an error is like these, nor of a simple type. */
  function addAs(id: string, packed: PackedShape): string {
    const name = `#${id}`;
    if (name in shapes) return name;
    if ('m' in packed) {
      const { m, union, ...own } = packed;
      const members: Record<string, Member> = {};
      shapes[name] = { type: union ? 'union' : 'structure', members, ...own };
      for (const key in m) members[key] = use(m[key]!, key);
    } else if ('t' in packed) {
      const { t, ...own } = packed;
      shapes[name] = { type: t, ...own };
    } else {
      // The name is taken before what it refers to is added: lists and maps may hold themselves.
      shapes[name] = { type: 'string' };
      shapes[name] = 'l' in packed ? listOf(packed) : mapOf(packed);
    }
    return name;
  }

  function listOf({ l, ...own }: OwnTraits & { readonly l: PackedMember }): Shape {
    return { type: 'list', member: use(l), ...own };
  }

  function mapOf({ k, v, ...own }: OwnTraits & { readonly k: PackedMember; readonly v: PackedMember }): Shape {
    return { type: 'map', key: use(k), value: use(v), ...own };
  }

  function use(member: PackedMember, key = ''): Member {
    if (!Array.isArray(member)) return { shape: add(member as PackedReference) };
    const [reference, traits] = member as readonly [PackedReference, Omit<Member, 'shape'>];
    const label = traits.location === 'uri' && traits.locationName === undefined;
    return { shape: add(reference), ...traits, ...(label && { locationName: key }) };
  }

  const errorNames = Object.keys(errors);
  const operations: Record<string, OperationSchema> = {};
  for (const [name, [input, output, thrown, method, uri, code = 200]] of Object.entries(ops)) {
    operations[name] = {
      ...(input !== null && { input: add(input) }),
      ...(output !== null && { output: add(output) }),
      errors: thrown.map((i) => errorNames[i]!),
      ...(method !== undefined && uri !== undefined && { http: { method, uri, code } }),
    };
  }
  return { operations, shapes };
}
