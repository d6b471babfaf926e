import { describe, expect, test } from 'vitest';
import {
  compileExtractedValues,
  compileExtraction,
  compileFilterPattern,
  filterEvent,
  PatternError,
  parseFilterPattern,
} from './index.ts';

const matches = (pattern: string, event: unknown): boolean =>
  compileFilterPattern(parseFilterPattern(pattern))(
    filterEvent(typeof event === 'string' ? event : JSON.stringify(event)),
  );

const RECORD = {
  eventName: 'ConsoleLogin',
  eventSource: 'signin.amazonaws.com',
  sourceIPAddress: '123.123.4.5',
  errorCode: 'Client.UnauthorizedOperation',
  latency: 50,
  account: '123456789012',
  ratio: 0.5,
  ok: true,
  nothing: null,
  coordinates: [[0, 1, 2], [4]],
  users: [{ name: 'alice' }, { name: 'bob', age: 7 }],
  'cluster.name': 'c',
  userIdentity: { type: 'Root', tags: {} },
};

describe('JSON patterns', () => {
  test.each([
    ['{ $.eventName = "ConsoleLogin" }', true],
    ['{$.eventName=ConsoleLogin}', true],
    ['{ $.eventName = "consolelogin" }', false],
    ['{ $.eventName != ConsoleLogin }', false],
    ['{ $.eventSource = signin.amazonaws.com }', true],
    ['{ $.sourceIPAddress != 123.123.* }', false],
    ['{ $.errorCode = "*UnauthorizedOperation" }', true],
    ['{ $.errorCode = "Client.*" }', true],
    ['{ $.errorCode = %Unauth[a-z]+Op% }', true],
    ['{ $.errorCode != %^Server% }', true],
    ['{ $.eventName = "a" || $.eventName = ConsoleLogin && $.ok IS TRUE }', true],
    ['{ ($.eventName = ConsoleLogin || $.eventName = "a") && $.ok IS FALSE }', false],
    ['{ $.latency = 50 }', true],
    ['{ $.latency = 5e1 }', true],
    ['{ $.latency >= 50 && $.latency < 50.5 && $.ratio > .4 }', true],
    ['{ $.latency = * }', true],
    ['{ $.latency = "*" }', true],
    ['{ $.latency = 5* }', true],
    ['{ $.eventName > 5 }', false],
    ['{ $.eventName != 5 }', true],
    ['{ $.account = 123456789012 }', true],
    ['{ $.account != 123456789012 }', false],
    ['{ $.account > 5 }', false],
    ['{ $.eventName =! ConsoleLogin }', false],
    ['{ $.ok = true }', true],
    ['{ $.ok IS TRUE }', true],
    ['{ $.nothing IS NULL }', true],
    ['{ $.nothing = * }', false],
    ['{ $.nothing != "x" }', true],
    ['{ $.missing IS NULL }', false],
    ['{ $.missing NOT EXISTS }', true],
    ['{ $.nothing NOT EXISTS }', false],
    ['{ $.missing != "x" }', false],
    ['{ $.coordinates[0][1] = 1 }', true],
    ['{ $.coordinates[1][1] NOT EXISTS }', true],
    ['{ $.coordinates = "*" }', false],
    ['{ $.userIdentity != "x" }', false],
    ['{ $.users[*].name = bob }', true],
    ['{ $.users[*].age = 7 }', true],
    ['{ $.users[*].name = carol }', false],
    ['{ $.users.* = bob }', false],
    ['{ $.* = ConsoleLogin }', true],
    ['{ $.userIdentity.* = Root }', true],
    ["{ $.['cluster.name'] = c }", true],
    ['{ $["cluster.name"] = c }', true],
    ['{ $.toString NOT EXISTS }', true],
    ['{ $.eventName.length NOT EXISTS }', true],
    ['{ $.users.length NOT EXISTS }', true],
  ])('%s is %s', (pattern, expected) => {
    expect(matches(pattern, RECORD)).toBe(expected);
  });

  test('match no text that is not JSON', () => {
    expect(matches('{ $.a NOT EXISTS }', 'ERROR 1')).toBe(false);
    expect(matches('{ $.a NOT EXISTS }', '{"a":')).toBe(false);
    expect(matches('{ $.a NOT EXISTS }', ' {"b":1}')).toBe(true);
  });
});

describe('terms', () => {
  const LINE = '[ERROR 400] BAD REQUEST';
  test.each([
    ['', true],
    ['  ', true],
    ['" "', true],
    ['""', true],
    ['ERROR', true],
    ['error', false],
    ['ERROR REQUEST', true],
    ['ERROR ARGUMENTS', false],
    ['?ERROR ?ARGUMENTS', true],
    ['?WARN ?ARGUMENTS', false],
    ['?WARN ERROR', true],
    ['ERROR -REQUEST', false],
    ['-WARN', true],
    ['"ERROR" - "Exiting"', true],
    ['"ERROR" - "REQUEST"', false],
    ['"BAD REQUEST"', true],
    ['"ERROR 400]"', true],
    ['%ERROR [45]\\d\\d%'.replace(' ', '\\s'), true],
    ['-%40[1-9]%', true],
    ['ERROR %REQ%', true],
  ])('%s is %s', (pattern, expected) => {
    expect(matches(pattern, LINE)).toBe(expected);
  });
});

describe('space-delimited patterns', () => {
  const LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
  test.each([
    ['[ip, env, user, timestamp, request, status_code, bytes]', true],
    ['[ip, env, user, timestamp, request, status_code]', false],
    ['[ip, env, user, timestamp, request =*.html*, status_code = 4*, bytes]', true],
    ['[..., request=*.html*, status_code=4*, bytes]', true],
    ['[..., status_code=404, bytes]', true],
    ['[ip=%127\\.0\\.0\\.[1-9]%, ...]', true],
    ['[ip, ..., bytes > 1000 && bytes <= 1534]', true],
    ['[ip, env=Dev || env=Prod, ...]', true],
    ['[ip, env!=Dev && env!=Prod, ...]', false],
    ['[ip, env, user, timestamp="10/Oct*", ...]', true],
    ['[..., bytes != 7]', true],
    ['[..., request > 1, status_code, bytes]', false],
    ['[a,b,c,d,e,f,g,...,h]', false],
    ['[...]', true],
    ['[..., request=*.html*, status_code=4*,]', true],
    ['[,,user=frank,,,,]', true],
    ['[,,,,,,]', true],
    ['[,]', false],
    ['[ip, env, user, timestamp, request, status_code = 4* && bytes > 1000]', true],
    ['[ip, env, user, timestamp, request, status_code = 4* && bytes > 2000]', false],
    ['[..., status_code = 4* && status_code != 403, bytes]', true],
    ['[w1=!ERROR&&w1=!WARN, ...]', true],
  ])('%s is %s', (pattern, expected) => {
    expect(matches(pattern, LINE)).toBe(expected);
  });

  test('signs that nothing closes are characters, at no extra cost', () => {
    expect(matches('[a="[x", b]', '[x y')).toBe(true);
    expect(matches('[a, b]', '[ '.repeat(200_000))).toBe(false);
  });
});

describe('extraction', () => {
  const extract = (pattern: string, reference: string, text: string) =>
    compileExtraction(reference, parseFilterPattern(pattern))(filterEvent(text));

  test('takes a scalar from JSON', () => {
    expect(extract('{ $.latency = * }', '$.latency', '{"latency":50}')).toBe(50);
    expect(extract('{ $.a = * }', '$.b.c[1]', '{"b":{"c":[0,"x"]}}')).toBe('x');
    expect(extract('{ $.a = * }', '$.b', '{"b":{}}')).toBeUndefined();
  });

  test('takes a field of a line', () => {
    expect(extract('[ip, ..., bytes]', '$bytes', '::1 "a b" 7')).toBe('7');
    expect(extract('[ip, ..., bytes]', '$2', '::1 "a b" 7')).toBe('a b');
    expect(extract('[ip, ..., bytes]', '$4', '::1 "a b" 7')).toBeUndefined();
  });

  test('refuses what the pattern does not name', () => {
    expect(() => extract('[ip]', '$bytes', '')).toThrow(PatternError);
    expect(() => extract('ERROR', '$.a', '')).toThrow(PatternError);
    expect(() => extract('{ $.a = 1 }', '$.a b', '')).toThrow(PatternError);
  });

  test('gives TestMetricFilter the values of all that a pattern names', () => {
    const values = (pattern: string, text: string) =>
      compileExtractedValues(parseFilterPattern(pattern))(filterEvent(text));
    expect(values('{ $.a = 1 || $.b.c = 2 || $.a = 3 }', '{"a":1,"b":{"c":true}}')).toEqual({
      '$.a': '1',
      '$.b.c': 'true',
    });
    expect(values('[ip, request]', '::1 "GET /"')).toEqual({ $ip: '::1', $request: 'GET /' });
    expect(values('ERROR', 'ERROR')).toEqual({});
    // The guide's own example.
    const line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /products/index.html HTTP/1.0" 404 1534';
    expect(values('[..., request=*.html*, status_code=4*,]', line)).toEqual({
      $status_code: '404',
      $request: 'GET /products/index.html HTTP/1.0',
      $7: '1534',
      $4: '10/Oct/2000:13:25:15 -0700',
      $3: 'frank',
      $2: '-',
      $1: '127.0.0.1',
    });
  });
});

describe('what is wrong is told with its place', () => {
  test.each([
    ['{ $.a = 1', 9, "expected '&&', '||' or '}' but found the end"],
    ['{ $.a ~ 1 }', 6, 'expected an operator'],
    ['{ a = 1 }', 2, "expected a selector such as '$.eventName'"],
    ['{ $. = 1 }', 4, 'expected the name of a field'],
    ['{ $.a.b c }', 8, 'expected an operator'],
    ['{ $.a = }', 8, 'expected a number, a word'],
    ['{ $.a < x }', 8, "expected a number after '<'"],
    ['{ $.a = "x }', 8, 'the quote is not closed'],
    ['{ $.a = %x }', 8, 'not closed by'],
    ['{ $.a = %(x)% }', 9, 'is not allowed here'],
    ['{ $.a IS NOT NULL }', 9, 'expected NULL, TRUE or FALSE after IS'],
    ['{ $.a EXISTS }', 6, 'expected an operator'],
    ['{ ($.a = 1 }', 11, "expected ')'"],
    ['{ $.a = 1 } x', 12, "expected nothing after '}'"],
    ['{ $.*[*] = 1 }', 2, 'a selector may have 1 wildcard'],
    ['{ $.*=1||$.*=1||$.*=1||$.*=1 }', 0, '3 wildcard selectors'],
    ['{ $.a=%a%||$.a=%b%||$.a=%c% }', 25, '2 regular expressions'],
    [`{ ${'('.repeat(40)} }`, 34, 'deep'],
    ['[a, a]', 4, "two fields are named 'a'"],
    ['[..., a, ...]', 9, "'...' may stand once"],
    ['[a=1 || b=2]', 8, "these conditions of field 'a'"],
    ['[a', 2, "expected ',', '&&', '||' or ']'"],
    ['[a,~]', 3, "expected the name of a field or '...'"],
    ['foo-bar', 3, "Invalid character(s) in term 'foo-bar'"],
    ['a "b', 2, 'the quote is not closed'],
    ['x'.repeat(1025), 1024, '1024 characters'],
  ])('%s', (pattern, position, words) => {
    let error: PatternError | undefined;
    try {
      parseFilterPattern(pattern);
    } catch (caught) {
      error = caught as PatternError;
    }
    expect(error?.message).toContain(words);
    expect(error?.position).toBe(position);
  });
});
