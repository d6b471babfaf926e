import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkContent, decodeContent, encodeContent, md5, md5OfAttributes } from './messages.ts';

test('digests are those that SDKs check: AWS’s own examples', () => {
  expect(md5('This is a test message')).toBe('fafb00f5732ab283681e124bf8747ed1');
  // Worked out with boto3's and moto's own code for these attributes.
  expect(md5OfAttributes({})).toBeUndefined();
  const timestamp = { timestamp: { DataType: 'Number', StringValue: '1493147359900' } };
  expect(md5OfAttributes(timestamp)).toBe('235c5c510d26fb653d073faed50ae77c');
});

test('what is kept of a message is what was sent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), fc.string(), (body, binary, value) => {
      const content = {
        body,
        attributes: {
          a: { DataType: 'String.x', StringValue: value },
          b: { DataType: 'Binary', BinaryValue: Buffer.from(binary) },
        },
        systemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: value } },
      };
      expect(decodeContent(encodeContent(content))).toEqual(content);
      const plain = { body, attributes: {}, systemAttributes: {} };
      expect(decodeContent(encodeContent(plain))).toEqual(plain);
    }),
  );
});

test('what XML cannot carry is refused', () => {
  const check = (body: string) => checkContent({ body, attributes: {}, systemAttributes: {} }, 1000);
  for (const bad of ['\u0000', 'a\u001f', '\ufffe', '\ud800', 'x\udc00'])
    expect(() => check(bad)).toThrow('Invalid characters');
  for (const good of ['\t\n\r', 'ü', '😀', '\ufffd']) expect(check(good)).toBe(Buffer.byteLength(good));
  expect(() => check('x'.repeat(1001))).toThrow('shorter than 1000 bytes');
});
