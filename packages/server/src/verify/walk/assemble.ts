import { assert } from '../../base/errors.ts';

/** Instructions of WebAssembly by name, as far as they are used here: their bytes. */
const OPCODES: Readonly<Record<string, readonly number[]>> = {
  block: [0x02],
  loop: [0x03],
  if: [0x04],
  br: [0x0c],
  br_if: [0x0d],
  return: [0x0f],
  'local.get': [0x20],
  'local.set': [0x21],
  'local.tee': [0x22],
  'i64.load': [0x29],
  'i32.load8_u': [0x2d],
  'i32.load16_u': [0x2f],
  'i32.store': [0x36],
  'i32.const': [0x41],
  'i64.const': [0x42],
  'i32.eqz': [0x45],
  'i32.eq': [0x46],
  'i32.ne': [0x47],
  'i32.lt_u': [0x49],
  'i32.ge_u': [0x4f],
  'i64.eqz': [0x50],
  'i64.ne': [0x52],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i64.ctz': [0x7a],
  'i64.sub': [0x7d],
  'i64.and': [0x83],
  'i64.or': [0x84],
  'i64.xor': [0x85],
  'i64.shl': [0x86],
  'i64.shr_s': [0x87],
  'i64.shr_u': [0x88],
  'i32.wrap_i64': [0xa7],
  'i64.extend_i32_u': [0xad],
  'v128.load': [0xfd, 0x00],
  'v128.store': [0xfd, 0x0b],
  'i8x16.splat': [0xfd, 0x0f],
  'i8x16.eq': [0xfd, 0x23],
  'v128.or': [0xfd, 0x50],
  'i8x16.bitmask': [0xfd, 0x64],
};
const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const END = 0x0b;
const EMPTY_BLOCK = 0x40;

type Node = string | readonly Node[];

/**
 * Makes a module of one function from WebAssembly's text format, as far as it is used here: folded instructions, locals
 * and labels by name, blocks without results, no offsets. It exports the function as `run`, which gives an i32, and a
 * `memory` of one page.
 */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const [head, ...parts] = parse(text);
  assert(head === 'func', 'the program is one (func …)');
  const isNamed = (part: Node, name: string): part is readonly string[] => Array.isArray(part) && part[0] === name;
  const params = parts.filter((part) => isNamed(part, 'param'));
  const locals = parts.filter((part) => isNamed(part, 'local'));
  const names = [...params, ...locals].map(([, name]) => name!);
  const body = parts.filter((part) => !isNamed(part, 'param') && !isNamed(part, 'local'));
  const code = [
    ...vector(locals.map(([, , type]) => [1, TYPES[type!]!])),
    ...body.flatMap((instruction) => encode(instruction, names, [])),
    END,
  ];
  const signature = [0x60, ...vector(params.map(([, , type]) => [TYPES[type!]!])), 1, TYPES.i32!];
  const exported = (name: string, kind: number) => [...bytesOf([...Buffer.from(name, 'latin1')]), kind, 0];
  const sections: readonly (readonly [id: number, items: readonly (readonly number[])[]])[] = [
    [1, [signature]],
    [3, [[0]]],
    [5, [[0, 1]]],
    [7, [exported('run', 0), exported('memory', 2)]],
    [10, [bytesOf(code)]],
  ];
  const all = sections.flatMap(([id, items]) => [id, ...bytesOf(vector(items))]);
  return Uint8Array.from([0x00, ...Buffer.from('asm', 'latin1'), 1, 0, 0, 0, ...all]);
}

/** The first expression in parentheses. */
function parse(text: string): readonly Node[] {
  const open: Node[][] = [[]];
  for (const [token] of text.replaceAll(/;;.*/g, '').matchAll(/[()]|[^()\s]+/g)) {
    if (token === '(') open.push([]);
    else if (token === ')') {
      const done = open.pop()!;
      open.at(-1)!.push(done);
    } else open.at(-1)!.push(token);
  }
  return open[0]![0] as readonly Node[];
}

/** @param labels of the blocks around it, the innermost last */
function encode(node: Node, names: readonly string[], labels: readonly string[]): number[] {
  const [name, ...rest] = node as readonly [string, ...Node[]];
  const opcode = OPCODES[name];
  assert(opcode, `no instruction ${name}`);
  if (name === 'block' || name === 'loop') {
    const [label, ...body] = rest;
    return [...opcode, EMPTY_BLOCK, ...body.flatMap((one) => encode(one, names, [...labels, label as string])), END];
  }
  if (name === 'if') {
    const [condition, ...then] = rest;
    const body = then.flatMap((one) => encode(one, names, [...labels, '']));
    return [...encode(condition!, names, labels), ...opcode, EMPTY_BLOCK, ...body, END];
  }
  const operands = rest.filter((one) => typeof one !== 'string').flatMap((one) => encode(one, names, labels));
  return [...operands, ...opcode, ...immediates(name, rest[0], names, labels)];
}

function immediates(
  name: string,
  first: Node | undefined,
  names: readonly string[],
  labels: readonly string[],
): number[] {
  const place = (list: readonly string[]) => {
    const at = list.lastIndexOf(first as string);
    assert(at >= 0, `nothing is called ${String(first)}`);
    return at;
  };
  if (name.endsWith('.const')) return signed(BigInt(first as string));
  if (name.startsWith('local.')) return unsigned(place(names));
  if (name.startsWith('br')) return unsigned(labels.length - 1 - place(labels));
  return name.includes('load') || name.includes('store') ? [0, 0] : [];
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const bytesOf = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}
