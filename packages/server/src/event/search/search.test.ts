import { describe, expect, test } from 'vitest';
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
  textNeedles,
  timeOf,
} from './index.ts';
import { eventOf, RECORD } from './testing/record.ts';

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
