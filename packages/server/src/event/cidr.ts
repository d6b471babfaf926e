import { BlockList, isIP } from 'node:net';

/** Whether an address, IPv4 or IPv6, lies in a network. Other text lies in none. */
export type AddressTest = (address: string) => boolean;

const BITS = { 4: 32, 6: 128 } as const;

/** @returns the test, or what is wrong with the network */
export function cidrTest(network: string): AddressTest | { readonly problem: string } {
  const slash = network.indexOf('/');
  if (slash < 0) return { problem: "one '/' required" };
  const address = network.slice(0, slash);
  const bits = network.slice(slash + 1);
  const version = isIP(address) as 0 | 4 | 6;
  if (version === 0) return { problem: `${address || 'nothing'} is no IP address` };
  if (!/^\d{1,3}$/.test(bits)) return { problem: 'mask bits must be an integer' };
  if (Number(bits) > BITS[version]) return { problem: `mask bits must be from 0 to ${BITS[version]}` };
  const list = new BlockList();
  list.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
  return (text) => isIP(text) === version && list.check(text, version === 4 ? 'ipv4' : 'ipv6');
}
