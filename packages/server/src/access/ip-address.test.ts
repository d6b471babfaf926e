import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isInNetwork, parseAddress, parseNetwork } from './ip-address.ts';

test.each([
  ['192.0.2.9', '192.0.2.0/24', true],
  ['192.0.3.9', '192.0.2.0/24', false],
  ['192.0.2.9', '192.0.2.8/31', true],
  ['192.0.2.10', '192.0.2.8/31', false],
  ['192.0.2.9', '0.0.0.0/0', true],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
  ['2001:db9::', '2001:db8::/31', true],
  ['::1', '::/0', true],
  ['fe80::1%eth0', 'fe80::/10', true],
  ['::ffff:192.0.2.9', '192.0.2.0/24', true],
  ['192.0.2.9', '::ffff:192.0.2.0/120', true],
  ['192.0.2.9', '192.0.2.0/33', undefined],
  ['192.0.2.9', '192.0.2.0/24/1', undefined],
  ['192.0.2.9', '192.0.2/24', undefined],
  ['192.0.2.9', '::ffff:192.0.2.0/90', undefined],
  ['cloudtrail.amazonaws.com', '0.0.0.0/0', undefined],
])('%s in %s: %s', (address, network, expected) => {
  const [a, n] = [parseAddress(address), parseNetwork(network)];
  expect(a && n && isInNetwork(a, n)).toBe(expected);
});

test('as Node sees it', () => {
  const addresses = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4()),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.ipV6()),
  );
  fc.assert(
    fc.property(addresses, ([network, bits, address]) => {
      const family = network.includes(':') ? 'ipv6' : 'ipv4';
      if (/^(0*:)*:?ffff:/i.test(network) || /^(0*:)*:?ffff:/i.test(address)) return;
      const list = new BlockList();
      list.addSubnet(network, bits, family);
      for (const one of [address, network]) {
        expect(isInNetwork(parseAddress(one)!, parseNetwork(`${network}/${bits}`)!)).toBe(list.check(one, family));
      }
    }),
  );
});
