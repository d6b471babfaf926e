import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventFromBytes } from '../accept.ts';
import {
  allOf,
  CSV_COLUMNS,
  columnTitle,
  compileSearchFilter,
  compileValues,
  csvCell,
  csvLine,
  FILTER_CHARS_MAX,
  fieldOfPath,
  foldCase,
  PatternError,
  parseSearchFilter,
  printSearchFilter,
  resolveField,
  SEARCH_FIELDS,
  type SearchFilter,
  searchableEvent,
  textNeedles,
  timeOf,
} from './index.ts';

const RECORD = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAX:alice',
    arn: 'arn:aws:sts::111122223333:assumed-role/admin/alice',
    accountId: '111122223333',
    accessKeyId: 'ASIAEXAMPLE',
    sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::111122223333:role/admin' } },
  },
  eventTime: '2026-11-21T10:00:00Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'DeleteBucket',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '198.51.100.7',
  userAgent: '[Boto3/1.34 md/Botocore#1.34]',
  errorCode: 'AccessDenied',
  errorMessage: 'User said "no"',
  requestParameters: {
    bucketName: 'Payroll',
    Host: 's3.eu-west-1.amazonaws.com',
    'x-amz-acl': 'private',
    'odd.name': 1,
    nothing: null,
    empty: '',
    count: 12,
    tags: [{ key: 'a', value: 1 }, { key: 'b' }, { key: null }],
  },
  responseElements: null,
  requestID: 'R1',
  eventID: 'e1',
  readOnly: false,
  resources: [{ type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::Payroll' }],
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
};

function eventOf(record: object) {
  const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: '999999999999' });
  if ('refused' in made) throw new Error(made.refused.message);
  return searchableEvent(made.event.header, made.event.json);
}

const finds = (text: string, record: object = RECORD) => compileSearchFilter(parseSearchFilter(text))(eventOf(record));

const errorOf = (text: string): PatternError => {
  try {
    parseSearchFilter(text);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
};

describe('what is read', () => {
  const name = { field: 'eventName', op: '=', value: 'DeleteBucket' } as const;
  const bob = { field: 'userName', op: '!=', value: 'bob' } as const;
  const denied = { field: 'errorCode', op: '^', value: 'Access' } as const;
  test.each<[string, SearchFilter | undefined]>([
    ['', undefined],
    [' \n', undefined],
    ['eventName=DeleteBucket', name],
    ['EVENTNAME = "DeleteBucket"', name],
    [
      'eventName = DeleteBucket and (userName != bob or errorCode ^ Access) "free text"',
      { and: [name, { or: [bob, denied] }, { text: 'free text' }] },
    ],
    ['eventName = DeleteBucket userName!=bob OR errorCode^Access', { or: [{ and: [name, bob] }, denied] }],
    ['not not userName != bob', { not: { not: bob } }],
    ['not (userName != bob errorCode ^ Access)', { not: { and: [bob, denied] } }],
    ['((eventName = DeleteBucket))', name],
    ['(userName != bob and errorCode ^ Access) and eventName = DeleteBucket', { and: [bob, denied, name] }],
    ['accountId in (111122223333,"a b" , x)', { field: 'accountId', op: 'in', values: ['111122223333', 'a b', 'x'] }],
    ['errorCode exists', { field: 'errorCode', op: 'exists' }],
    ['not(errorCode exists)', { not: { field: 'errorCode', op: 'exists' } }],
    ['requestID = x', { field: 'requestId', op: '=', value: 'x' }],
    ['eventID = x', { field: 'eventId', op: '=', value: 'x' }],
    ['readOnly = True', { field: 'readOnly', op: '=', value: 'true' }],
    ['useragent !: "Boto"', { field: 'userAgent', op: '!:', value: 'Boto' }],
    ['userIdentity.sessionContext.a=b=c', { field: 'userIdentity.sessionContext.a', op: '=', value: 'b=c' }],
    ['UserIdentity . x', { and: [{ text: 'UserIdentity' }, { text: '.' }, { text: 'x' }] }],
    ['requestParameters.tags[*].key = a', { field: 'requestParameters.tags[*].key', op: '=', value: 'a' }],
    ['requestParameters."a.b"[0]!^x', { field: 'requestParameters."a.b"[0]', op: '!^', value: 'x' }],
    ['requestParameters."plain" = x', { field: 'requestParameters.plain', op: '=', value: 'x' }],
    ['"foreign member".x = y', { field: '"foreign member".x', op: '=', value: 'y' }],
    ['"userName" = y', { field: '"userName"', op: '=', value: 'y' }],
    ['10.0.0.1', { text: '10.0.0.1' }],
    ['arn:aws:s3:::b 2001:db8::1', { and: [{ text: 'arn:aws:s3:::b' }, { text: '2001:db8::1' }] }],
    ['payroll/2026 hello!', { and: [{ text: 'payroll/2026' }, { text: 'hello!' }] }],
    ['"say \\"hi\\""', { text: 'say "hi"' }],
    ['"two\nlines"', { text: 'two\nlines' }],
    ['order android notes', { and: [{ text: 'order' }, { text: 'android' }, { text: 'notes' }] }],
    ['userName = and', { field: 'userName', op: '=', value: 'and' }],
    ['userName = arn:aws:iam::1:user/x', { field: 'userName', op: '=', value: 'arn:aws:iam::1:user/x' }],
    ['eventTime >= 2026-11-21', { field: 'eventTime', op: '>=', value: '2026-11-21' }],
    ['requestParameters.size > 10', { field: 'requestParameters.size', op: '>', value: '10' }],
  ])('%s', (text, filter) => {
    expect(parseSearchFilter(text)).toEqual(filter);
    expect(parseSearchFilter(printSearchFilter(filter))).toEqual(filter);
  });

  test.each([
    ['usrName = bob', 0, 'did you mean userName?'],
    ['eventName = x and requestParameter.a = 1', 18, 'did you mean requestParameters?'],
    ['AWS::S3::Bucket', 0, '"AWS" is no field. Text with such characters stands in double quotes'],
    [`${'x'.repeat(500)} = 1`, 0, `"${'x'.repeat(40)}…" is no field`],
    ['eventName =', 11, 'expected a value but found the end'],
    ['eventName = )', 12, 'expected a value but found ")"'],
    ['eventName = ""', 12, 'not empty'],
    ['""', 0, 'nothing between the quotes'],
    ['= x', 0, 'expected a field or text but found "= x"'],
    ['x = = y', 0, '"x" is no field'],
    ['(eventName = x', 14, "expected ')'"],
    ['eventName = x)', 13, "expected 'and', 'or'"],
    ['eventName = x,', 13, 'expected a field or text'],
    ['and x', 0, "the word 'and' itself stands in double quotes"],
    ['x or', 4, 'expected a field or text but found the end'],
    ['x or or y', 5, "'or' itself stands in double quotes"],
    ['not', 3, 'found the end'],
    ['"abc', 0, 'the quote is not closed'],
    ['"C:\\Users"', 0, 'written twice'],
    ['eventName in x', 13, "'(' after 'in'"],
    ['eventName in ()', 14, 'a value'],
    ['eventName in (a b)', 16, "',' or ')'"],
    ['eventTime = yesterday', 12, 'a time such as'],
    ['eventTime = 2026-99-01', 12, 'a time such as'],
    ['eventTime ^ 2026', 12, "eventTime takes = != > >= < <= and 'exists'"],
    ['eventTime in (2026-01-01)', 10, 'eventTime takes'],
    ['readOnly = yes', 11, 'true or false'],
    ['readOnly : t', 11, 'readOnly takes'],
    ['requestParameters.n > ten', 22, "'>' takes a number"],
    ['requestParameters.n > 1e9', 22, "'>' takes a number"],
    ['x '.repeat(201), 400, '200 conditions'],
    [`eventName in (${'a,'.repeat(500)}a)`, 1014, '500 values'],
    [`${'('.repeat(40)}x`, 33, 'deep'],
    [`${'not '.repeat(40)}x`, 132, 'deep'],
    ['x'.repeat(FILTER_CHARS_MAX + 1), FILTER_CHARS_MAX, '16384 characters'],
    [`userIdentity${'.a'.repeat(40)} = x`, 0, '32 steps'],
  ])('refuses %s', (text, position, message) => {
    const error = errorOf(text);
    expect(error.message).toContain(message);
    expect(error.position).toBe(position);
    expect(error.message).toContain(`at position ${position}`);
  });
});

describe('what it means', () => {
  test.each([
    'eventName = DeleteBucket',
    'eventName != deletebucket',
    'eventName : LETE',
    'eventName ^ delete',
    'eventName !: put',
    'eventSource in (ec2.amazonaws.com, s3.amazonaws.com)',
    'userName = alice userType = AssumedRole accessKeyId = ASIAEXAMPLE principalId = AROAX:alice',
    'issuerArn = arn:aws:iam::111122223333:role/admin',
    'userIdentity.sessionContext.sessionIssuer.arn : role/ADMIN',
    'accountId = 111122223333 recipientAccountId = 111122223333 awsRegion ^ eu-',
    'errorCode exists and not sharedEventId exists',
    'sharedEventId != anything',
    'not sharedEventId = anything',
    'sharedEventId !: a sharedEventId !^ a',
    'resourceName = Payroll',
    'resourceName = arn:aws:s3:::Payroll and resourceType = AWS::S3::Bucket',
    'resourceName != other',
    'readOnly = false and managementEvent = true and eventCategory = Management',
    'eventTime > 2026-11-21 eventTime <= 2026-11-21T10:00:00Z eventTime = 2026-11-21T11:00:00+01:00',
    'eventTime != 2026-11-20',
    'eventTime >= 2026-11-21T10:00',
    'requestParameters.count >= 12 requestParameters.count < 12.5',
    'requestParameters."odd.name" = 1',
    'requestParameters.x-amz-acl = private',
    'requestParameters.tags[*].key = b',
    'requestParameters.tags[1].key = b',
    'requestParameters.tags[*].value = 1',
    'requestParameters : payroll',
    'requestParameters.tags ^ "[{"',
    'not requestParameters.nothing exists and not requestParameters.empty exists and not responseElements exists',
    'payroll "md/botocore#1.34"',
    '"said \\"NO\\""',
    '"\\"bucketName\\":\\"Payroll\\""',
    'not nowhere',
    'nowhere or payroll',
  ])('finds by %s', (text) => {
    expect(finds(text)).toBe(true);
    expect(finds(`not (${text})`)).toBe(false);
  });
  test.each([
    'eventName = deletebucket',
    'sharedEventId : a',
    'sharedEventId > 1',
    'requestParameters.bucketName > 1',
    'resourceName != Payroll',
    'requestParameters.tags.key = a',
    'requestParameters.tags[3].key exists',
    'requestParameters.__proto__ exists or requestParameters.constructor exists or requestParameters.tags.length > 0',
    'nowhere',
    'payroll nowhere',
  ])('does not find by %s', (text) => expect(finds(text)).toBe(false));

  test('by a pattern that was made by hand and names nothing', () => {
    expect(() => compileSearchFilter({ field: 'nope', op: '=', value: 'x' })).toThrow(PatternError);
    expect(() => compileValues('nope')).toThrow(PatternError);
  });
  test('old records and odd ones', () => {
    const { eventCategory: _c, recipientAccountId: _r, ...old } = RECORD;
    expect(finds('eventCategory = Management accountId = 111122223333', old)).toBe(true);
    expect(finds('recipientAccountId exists', old)).toBe(false);
    expect(finds('userName exists', { ...old, userIdentity: 'odd' })).toBe(false);
    expect(finds('userIdentity = odd', { ...old, userIdentity: 'odd' })).toBe(true);
  });
});

test('every field is named by itself, and has its way to the record or the header', () => {
  for (const { name, kind, path, of } of SEARCH_FIELDS) {
    expect(resolveField(name)).toMatchObject({ name });
    expect([kind === 'time', path !== undefined, of !== undefined].filter(Boolean)).toHaveLength(1);
  }
});

test('fields of paths, as viewers of records ask for them', () => {
  expect(fieldOfPath(['eventName'])).toBe('eventName');
  expect(fieldOfPath(['requestID'])).toBe('requestId');
  expect(fieldOfPath(['requestParameters', 'items', 0, 'a b'])).toBe('requestParameters.items[0]."a b"');
  expect(fieldOfPath(['userName'])).toBe('"userName"');
});

test('times', () => {
  expect(timeOf('2026-01-31')).toBe(Date.UTC(2026, 0, 31));
  expect(timeOf('2026-01-31T10:00')).toBe(Date.UTC(2026, 0, 31, 10));
  expect(timeOf('2026-01-31T10:00:01.5Z')).toBe(Date.UTC(2026, 0, 31, 10, 0, 1, 500));
  expect(timeOf('2026-01-31T10:00:01+02:00')).toBe(Date.UTC(2026, 0, 31, 8, 0, 1));
  for (const odd of ['', '2026', '2026-13-01', '12h', '2026-01-31 10:00', '2026-01-31T25:00Z']) {
    expect(timeOf(odd)).toBeUndefined();
  }
});

test('cases are folded character by character', () => {
  expect(foldCase('ΟΔΟΣ ÄB İ K')).toBe('οδοσ äb İ k');
  expect(textNeedles('A"b')).toEqual(['a"b', 'a\\"b']);
});

test('cells of CSV files run no formulas', () => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', '\u0000=1'];
  for (const formula of formulas) expect(csvCell(formula)).toMatch(/^"?'/);
  expect(csvCell("it's")).toBe("it's");
  expect(csvLine(['a', 'b,c', 'say "hi"', 'two\nlines', ''])).toBe('a,"b,c","say ""hi""","two\nlines",\r\n');
  expect(csvLine(CSV_COLUMNS.map(columnTitle))).toMatch(
    /^Event time,User name,Event name,Resource type,Resource name,/,
  );
  expect(columnTitle('requestParameters.bucketName')).toBe('requestParameters.bucketName');
  expect(() => columnTitle('nope')).toThrow(PatternError);
});

test('filters joined', () => {
  const [a, b, c]: SearchFilter[] = [{ text: 'a' }, { text: 'b' }, { text: 'c' }];
  expect(allOf([])).toBeUndefined();
  expect(allOf([undefined, a])).toEqual(a);
  expect(allOf([{ and: [a!, b!] }, undefined, c])).toEqual({ and: [a, b, c] });
});

const anyText = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'and',
    'a b',
    '"',
    '\\',
    '(',
    'x=y',
    '*',
    'é',
    '\n',
    'not',
    '=',
    'ex:ists',
    'arn:aws:s3:::b',
  ),
  fc.string({ minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
);
const step = fc.oneof(
  anyText.map((name) => `.${JSON.stringify(name)}`),
  fc.constantFrom('.bucketName', '[0]', '[*]', '.tags', '.key'),
);
const field = fc.oneof(
  fc.constantFrom(...SEARCH_FIELDS.filter(({ kind }) => kind === 'text').map(({ name }) => name)),
  fc.array(step, { maxLength: 3 }).map((steps) => resolveField(`requestParameters${steps.join('')}`).name),
  anyText.map((name) => resolveField(JSON.stringify(name)).name),
);
const condition: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc.record({ field, op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^' as const), value: anyText }),
  fc.record({ field, op: fc.constantFrom('>', '>=', '<', '<=' as const), value: fc.nat().map(String) }),
  fc.record({ field, op: fc.constant('in' as const), values: fc.array(anyText, { minLength: 1, maxLength: 3 }) }),
  fc.record({ field, op: fc.constant('exists' as const) }),
  fc.record({ text: anyText }),
  fc.constantFrom<SearchFilter>(
    { field: 'eventTime', op: '>', value: '2026-11-21' },
    { field: 'readOnly', op: '!=', value: 'true' },
  ),
);
/** Filters as the parser makes them: no list in a list of its own kind. */
const filter = (depth = 3, without = ''): fc.Arbitrary<SearchFilter> => {
  if (depth === 0) return condition;
  const list = (kind: 'and' | 'or') =>
    fc
      .array(filter(depth - 1, kind), { minLength: 2, maxLength: 3 })
      .map((parts) => (kind === 'and' ? { and: parts } : { or: parts }));
  return fc.oneof(
    { weight: 3, arbitrary: condition },
    filter(depth - 1).map((not) => ({ not })),
    ...(['and', 'or'] as const).filter((kind) => kind !== without).map(list),
  );
};

test('what is printed reads as the same filter', () => {
  fc.assert(
    fc.property(filter(), (f) => {
      expect(parseSearchFilter(printSearchFilter(f))).toEqual(f);
    }),
    { numRuns: 500 },
  );
});

/** The language read plainly, over parsed values, for what the filters above may ask. */
function naive(f: SearchFilter, values: (name: string) => readonly string[], text: string): boolean {
  if ('and' in f) return f.and.every((part) => naive(part, values, text));
  if ('or' in f) return !f.or.every((part) => !naive(part, values, text));
  if ('not' in f) return !naive(f.not, values, text);
  if ('text' in f)
    return [f.text, JSON.stringify(f.text).slice(1, -1)].some((t) => foldCase(text).includes(foldCase(t)));
  const found = values(f.field);
  if (f.op === 'exists') return found.length > 0;
  if (f.op === 'in') return f.values.some((wanted) => found.includes(wanted));
  const v = f.value;
  switch (f.op) {
    case '=':
      return found.includes(v);
    case '!=':
      return !found.includes(v);
    case ':':
      return foldCase(found.join('\u0000')).includes(foldCase(v));
    case '!:':
      return !foldCase(found.join('\u0000')).includes(foldCase(v));
    case '^':
      return found.some((one) => foldCase(one).slice(0, foldCase(v).length) === foldCase(v));
    case '!^':
      return found.every((one) => foldCase(one).slice(0, foldCase(v).length) !== foldCase(v));
    default:
      return found.some((one) => {
        if (!/^-?\d{1,15}(\.\d{1,15})?$/.test(one)) return false;
        const order = Math.sign(Number(one) - Number(v));
        return f.op.includes('=') && order === 0 ? true : f.op.startsWith('>') ? order > 0 : order < 0;
      });
  }
}

test('what it finds, held against a plain reading', () => {
  const small = fc.constantFrom('a', 'A', 'b', 'ab', '', '7', '12', '7.5', 'é', 'É', 'x"y');
  const value = fc.oneof(small, fc.constantFrom<unknown>(null, 7, 12, true, false));
  const asked = fc.constantFrom('errorCode', 'userAgent', 'requestParameters.p', 'requestParameters.l[*]', 'userName');
  const word = small.filter((text) => text !== '');
  const leaf: fc.Arbitrary<SearchFilter> = fc.oneof(
    fc.record({ field: asked, op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^' as const), value: word }),
    fc.record({ field: asked, op: fc.constantFrom('>', '>=', '<', '<=' as const), value: fc.constantFrom('7', '10') }),
    fc.record({ field: asked, op: fc.constant('in' as const), values: fc.array(word, { minLength: 1 }) }),
    fc.record({ field: asked, op: fc.constant('exists' as const) }),
    fc.record({ text: word }),
  );
  const tree = fc.letrec<{ any: SearchFilter }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.record({ not: tie('any') }),
      fc.record({ and: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    ),
  })).any;
  fc.assert(
    fc.property(tree, value, value, value, fc.array(value), small, (f, errorCode, userAgent, p, l, userName) => {
      const record = {
        ...{ eventTime: '2026-11-21T10:00:00Z', eventName: 'n', eventSource: 's' },
        ...{ errorCode, userAgent, requestParameters: { p, l }, userIdentity: { type: 'IAMUser', userName } },
      };
      const all: Record<string, readonly unknown[]> = {
        errorCode: [errorCode],
        userAgent: [userAgent],
        userName: [userName],
        'requestParameters.p': [p],
        'requestParameters.l[*]': l,
      };
      const values = (name: string) => all[name]!.filter((v) => v !== null && v !== '').map(String);
      const expected = naive(f, values, JSON.stringify(record));
      expect(compileSearchFilter(f)(eventOf(record))).toBe(expected);
      // Lists of one part, and lists within lists, are printed as what they mean.
      expect(compileSearchFilter(parseSearchFilter(printSearchFilter(f)))(eventOf(record))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});

test('a filter with many costly conditions over a large record takes a moment, not seconds', () => {
  const large = { ...RECORD, requestParameters: { text: 'Ä'.repeat(250_000) }, userAgent: 'A'.repeat(400_000) };
  const asked = ['requestParameters : nowhere', 'userAgent : nowhere', 'nowhere'];
  const test = compileSearchFilter(
    parseSearchFilter(Array.from({ length: 198 }, (_, i) => `${asked[i % 3]}${i}`).join(' or ')),
  );
  const event = eventOf(large);
  const started = performance.now();
  expect(test(event)).toBe(false);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('any text is read or refused with its place, soon', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '"',
        '\\',
        ' ',
        'and ',
        'or ',
        'not ',
        'in (',
        ',',
        '= ',
        '!=',
        'eventName',
        '.',
        '[',
        '*]',
      ),
      fc.string({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(
      pieces.map((parts) => parts.join('')),
      (text) => {
        try {
          const f = parseSearchFilter(text);
          expect(parseSearchFilter(printSearchFilter(f))).toEqual(f);
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(0);
          expect(error.position).toBeLessThanOrEqual(text.length);
        }
      },
    ),
    { numRuns: 2000 },
  );
  const started = performance.now();
  for (const part of [
    '(',
    '"',
    '"a" ',
    'a.',
    'a[0]',
    '\\"',
    'not ',
    'a ',
    'a.b ',
    '[',
    '""."',
    'eventName in (a,',
    '.',
  ]) {
    const text = part.repeat(FILTER_CHARS_MAX / part.length);
    try {
      parseSearchFilter(text);
    } catch (error) {
      expect(error).toBeInstanceOf(PatternError);
    }
  }
  expect(performance.now() - started).toBeLessThan(1000);
});
