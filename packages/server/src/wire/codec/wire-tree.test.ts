import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formTree, xmlTree } from './wire-tree.ts';

const form = (text: string, query: [string, string][] = []) => formTree(query, Buffer.from(text));
const xml = (text: string) => xmlTree(Buffer.from(text));
/** With a prototype and in a fixed form, for comparing. */
const json = (value: unknown) => JSON.stringify(value);

describe('a form as a tree', () => {
  it('has names for keys and numbers for lists', () => {
    const body =
      'Action=DescribeInstances&Version=2016-11-15&MaxResults=5&Filter.1.Name=vpc-id&Filter.1.Value.1=a&' +
      'Filter.1.Value.2=b%26&Filter.2.Name=x&Placement.Tenancy=host&InstanceId.1=i-1&Empty=';
    expect(json(form(body))).toBe(
      '{"MaxResults":"5","Filter":[{"Name":"vpc-id","Value":["a","b&"]},{"Name":"x"}],"Placement":{"Tenancy":"host"},' +
        '"InstanceId":["i-1"],"Empty":""}',
    );
  });

  it('orders lists by number, gaps or not, and keeps the order of names', () => {
    expect(json(form('B.10=c&B.2=b&B.1=a&A.member.3.Key=k'))).toBe('{"B":["a","b","c"],"A":{"member":[{"Key":"k"}]}}');
  });

  it('takes what stands in the query, and the last of what stands twice', () => {
    expect(
      json(
        form('A=2', [
          ['Action', 'X'],
          ['A', '1'],
          ['B', '3'],
        ]),
      ),
    ).toBe('{"A":"2","B":"3"}');
  });

  it('leaves out the signature', () => {
    const presigned: [string, string][] = ['X-Amz-Signature', 'X-Amz-Security-Token', 'X-Amz-Date'].map((n) => [
      n,
      's',
    ]);
    expect(json(form('A=1', presigned))).toBe('{"A":"1"}');
    const old = 'AWSAccessKeyId=a&Signature=s&SignatureVersion=2&SignatureMethod=m&Timestamp=t&SecurityToken=k&A=1';
    expect(json(form(old))).toBe('{"A":"1"}');
    expect(json(form('Timestamp=t'))).toBe('{"Timestamp":"t"}');
  });

  it('loses nothing of what contradicts itself', () => {
    expect(json(form('A=1&A.B=2'))).toBe('{"A":{"":"1","B":"2"}}');
    expect(json(form('A.B=2&A.1=x'))).toBe('{"A":{"1":"x","B":"2"}}');
    expect(json(form('A.1.1=x&A.1.2=y'))).toBe('{"A":[{"1":"x","2":"y"}]}');
    const tree = form('__proto__.x=1&constructor=2')!;
    expect(Object.keys(tree)).toEqual(['__proto__', 'constructor']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('is nothing for what is no form', () => {
    expect(form('a=%ff')).toBeUndefined();
    expect(form(`${'a.'.repeat(100)}=1`)).toBeUndefined();
    expect(form('a=1&'.repeat(20_001))).toBeUndefined();
  });
});

describe('XML as a tree', () => {
  it('has elements for keys, those that stand more than once as lists', () => {
    const tree = xml(`<?xml version="1.0" encoding="UTF-8"?>
<DeleteFlowLogsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>r</requestId><a><item>1</item><b/><item>2</item></a>
  <unsuccessful/><tagSet>
  </tagSet><keyName> a &amp; b </keyName>
</DeleteFlowLogsResponse>`);
    expect(json(tree)).toBe(
      '{"DeleteFlowLogsResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","requestId":"r",' +
        '"a":{"item":["1","2"],"b":""},"unsuccessful":"","tagSet":"","keyName":" a & b "}}',
    );
  });

  it('keeps text beside attributes and elements', () => {
    expect(json(xml('<R><Id tag="1">nat</Id><M>a<b/>c</M></R>'))).toBe(
      '{"R":{"Id":{"tag":"1","content":"nat"},"M":{"b":"","content":"ac"}}}',
    );
    expect(json(xml('<R>t</R>'))).toBe('{"R":"t"}');
  });

  it('lets nobody reach a prototype', () => {
    const tree = xml('<__proto__><__proto__ a="1"/><constructor>x</constructor></__proto__>')!;
    expect(json(tree)).toBe('{"__proto__":{"__proto__":{"a":"1"},"constructor":"x"}}');
    expect(Object.getPrototypeOf(tree)).toBeNull();
  });

  it('is nothing for what is no XML, or too much', () => {
    for (const text of [
      '',
      'x',
      '<a>',
      '<!DOCTYPE a><a/>',
      '<a>'.repeat(100_000),
      `<a>${'<b/>'.repeat(200_001)}</a>`,
    ]) {
      expect(xml(text)).toBeUndefined();
    }
  });
});

it('is made of anything without a throw', () => {
  const name = fc.constantFrom('a', 'b', '1', '2', '__proto__', '', 'toString');
  const field = fc.tuple(fc.array(name, { maxLength: 4 }), fc.string()).map(([path, v]) => `${path.join('.')}=${v}`);
  const piece = fc.oneof(
    name.map((n) => `<${n}>`),
    name.map((n) => `</${n}>`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(field), fc.array(piece), fc.uint8Array(), (fields, pieces, bytes) => {
      json(form(fields.join('&')));
      json(xml(pieces.join('')));
      json(formTree([], Buffer.from(bytes)));
      json(xmlTree(Buffer.from(bytes)));
    }),
  );
});
