import { isIP } from 'node:net';

/** Internet addresses and networks of policies. `BlockList` does the same, ten times slower. */
export type AddressBytes = readonly number[];

/** 4 bytes or 16; undefined for what is no address. IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4. */
export function parseAddress(text: string): AddressBytes | undefined {
  const family = isIP(text);
  if (family === 4) return text.split('.').map(Number);
  if (family === 0) return undefined;
  const [head = '', tail] = text.split('%')[0]!.split('::');
  const [front, back] = [groups(head), groups(tail ?? '')];
  const bytes = [...front, ...Array<number>(16 - front.length - back.length).fill(0), ...back];
  return MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.slice(MAPPED.length) : bytes;
}

const MAPPED: AddressBytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

export interface Network {
  readonly bytes: AddressBytes;
  /** How many of its first bits are fixed. */
  readonly bits: number;
}

/** An address, or a network in CIDR form. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const bytes = parseAddress(address);
  if (!bytes || more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  // Of an IPv4 network in IPv6 form, the prefix counts from the front of IPv6.
  const skipped = bytes.length === 4 && address.includes(':') ? 8 * MAPPED.length : 0;
  const bits = prefix === undefined ? 8 * bytes.length : Number(prefix) - skipped;
  return bits >= 0 && bits <= 8 * bytes.length ? { bytes, bits } : undefined;
}

export function isInNetwork(address: AddressBytes, { bytes, bits }: Network): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}
