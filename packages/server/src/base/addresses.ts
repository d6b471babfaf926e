import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

type Subnet = readonly [network: string, bits: number];

/** Where nothing but this machine or its network is (IANA's registries of special-purpose addresses). */
const NOT_PUBLIC = blockList([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
]);

/** Global unicast of IPv6, without the parts that stand for addresses of IPv4 (6to4, Teredo). */
const PUBLIC_IPV6 = blockList([['2000::', 3]]);
const TUNNELS = blockList([
  ['2002::', 16],
  ['2001::', 32],
]);

/** Whether anybody on the internet could reach it too. */
export const isPublicAddress = (address: string): boolean =>
  isIP(address) === 4
    ? !NOT_PUBLIC.check(address, 'ipv4')
    : PUBLIC_IPV6.check(address, 'ipv6') && !TUNNELS.check(address, 'ipv6');

/**
 * Where a machine's keeper tells it its own secrets: link-local addresses, the clouds' metadata services outside of them
 * (AWS's IPv6 one, Alibaba's), the same as IPv6 spells addresses of IPv4 (mapped, compatible, NAT64, 6to4), and what is
 * no address of one machine. Nobody has a subscriber there.
 */
const FORBIDDEN = blockList([
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['224.0.0.0', 3],
  ['fe80::', 10],
  ['fd00:ec2::', 32],
  ['ff00::', 8],
  ['::ffff:169.254.0.0', 112],
  ['::ffff:100.100.100.200', 128],
  ['::ffff:224.0.0.0', 99],
  ['::169.254.0.0', 112],
  ['64:ff9b::169.254.0.0', 112],
  ['64:ff9b::100.100.100.200', 128],
  ['2002:a9fe::', 32],
]);

/** Whether a message may be sent there: the operator's own network is as good a place as the internet. */
export const isAllowedAddress = (address: string): boolean =>
  !FORBIDDEN.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

/**
 * Looks a name up, and refuses it when any of its addresses does not pass; what is connected to is what was looked at.
 * An address that stands in the URL is never looked up: `isPassing` must be asked about it too.
 */
export function checkedLookup(isPassing: (address: string) => boolean, refusal: () => Error): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const wrong = !error && (found.length === 0 || found.some(({ address }) => !isPassing(address)));
      const refused = error ?? (wrong ? refusal() : null);
      if (refused) callback(refused, '', 0);
      else if (options.all) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    });
  };
}

/** The host of a URL when it is an address, without the brackets of IPv6. */
export function addressIn(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

function blockList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of subnets) list.addSubnet(network, bits, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  return list;
}
