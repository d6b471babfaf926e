import { type SignInInput, signIn, switchRole } from '../../api/session.ts';

export interface SignInForm {
  readonly kind: 'keys' | 'password';
  readonly accountId: string;
  readonly userName: string;
  readonly password: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly mfaCode: string;
  readonly roleArn: string;
}

export const EMPTY_FORM: SignInForm = {
  kind: 'keys',
  accountId: '',
  userName: '',
  password: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  mfaCode: '',
  roleArn: '',
};

const NEEDED = {
  keys: ['accessKeyId', 'secretAccessKey'],
  password: ['accountId', 'userName', 'password'],
} as const;

/** Fields that must still be filled in. */
export function missingOf(form: SignInForm, mfa: boolean): ReadonlySet<keyof SignInForm> {
  const needed: (keyof SignInForm)[] = [...NEEDED[form.kind], ...(mfa ? (['mfaCode'] as const) : [])];
  return new Set(needed.filter((name) => form[name].trim() === ''));
}

/** What POST /session takes: pasted values without the blanks around them, but the password as it is. */
export function inputOf(form: SignInForm): SignInInput {
  const mfaCode = form.mfaCode.trim();
  const mfa = mfaCode !== '' && { MfaCode: mfaCode };
  if (form.kind === 'password')
    return {
      AccountId: form.accountId.trim().replace(/(?<=\d)-(?=\d)/g, ''),
      UserName: form.userName.trim(),
      Password: form.password,
      ...mfa,
    };
  const token = form.sessionToken.trim();
  return {
    AccessKeyId: form.accessKeyId.trim(),
    SecretAccessKey: form.secretAccessKey.trim(),
    ...(token !== '' && { SessionToken: token }),
    ...mfa,
  };
}

/** Signs in, and goes on as the role that was named. @throws ApiError with the server's reason */
export async function submitForm(form: SignInForm): Promise<void> {
  const roleArn = form.roleArn.trim();
  await signIn(inputOf(form));
  if (roleArn !== '') await switchRole({ RoleArn: roleArn });
}
