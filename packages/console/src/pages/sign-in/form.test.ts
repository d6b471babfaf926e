import { expect, test } from 'vitest';
import { ApiError } from '../../api/error.ts';
import { EMPTY_FORM, inputOf, isQuestion, missingOf, questionOf } from './form.ts';

test('access keys as they are pasted', () => {
  const form = { ...EMPTY_FORM, accessKeyId: ' AKIA1\n', secretAccessKey: 'secret ', sessionToken: ' ' };
  expect(inputOf(form)).toEqual({ AccessKeyId: 'AKIA1', SecretAccessKey: 'secret' });
  expect(inputOf({ ...form, sessionToken: 't', mfaCode: ' 123456 ' })).toMatchObject({
    SessionToken: 't',
    MfaCode: '123456',
  });
});

test('a password keeps its blanks; an account may be written as the console shows it', () => {
  const form = {
    ...EMPTY_FORM,
    kind: 'password',
    accountId: '1234-5678-9012',
    userName: 'a',
    password: ' p ',
  } as const;
  expect(inputOf(form)).toEqual({ AccountId: '123456789012', UserName: 'a', Password: ' p ' });
  expect(inputOf({ ...form, accountId: 'my-alias' })).toMatchObject({ AccountId: 'my-alias' });
});

test('what is still to be filled in', () => {
  expect([...missingOf(EMPTY_FORM, new Set())]).toEqual(['accessKeyId', 'secretAccessKey']);
  expect([...missingOf({ ...EMPTY_FORM, kind: 'password', accountId: 'x' }, new Set(['mfaCode']))]).toEqual([
    'userName',
    'password',
    'mfaCode',
  ]);
});

test('what the server asks for besides', () => {
  const required = new ApiError('MfaRequired', 'Enter the code of your MFA device.', 401);
  expect([questionOf(required), isQuestion(required)]).toEqual(['mfaCode', true]);
  const wrong = new ApiError('InvalidMfaCode', 'The code is wrong.', 401);
  expect([questionOf(wrong), isQuestion(wrong)]).toEqual(['mfaCode', false]);
  expect(questionOf(new ApiError('PasswordResetRequired', 'x', 403))).toBe('newPassword');
  expect(questionOf(new ApiError('SignInFailed', 'x', 401))).toBeUndefined();
});
