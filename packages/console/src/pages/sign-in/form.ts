import { ApiError } from '../../api/error.ts';
import { type SignInInput, signIn, switchRole } from '../../api/session.ts';

export interface SignInForm {
  readonly kind: 'keys' | 'password';
  readonly accountId: string;
  readonly userName: string;
  readonly password: string;
  /** Asked for when the password must be changed at this sign-in. */
  readonly newPassword: string;
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
  newPassword: '',
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

/** What the server asked for besides. */
export type Question = 'mfaCode' | 'newPassword';

/** What a refusal asks for: undefined when it is none that an answer could mend. */
export function questionOf(error: unknown): Question | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (/Mfa/i.test(error.code)) return 'mfaCode';
  return error.code === 'PasswordResetRequired' ? 'newPassword' : undefined;
}

/** Whether it is a question alone, and nothing was wrong. */
export const isQuestion = (error: unknown): boolean => error instanceof ApiError && /Required$/.test(error.code);

/** Fields that must still be filled in. */
export function missingOf(form: SignInForm, questions: ReadonlySet<Question>): ReadonlySet<keyof SignInForm> {
  const needed: (keyof SignInForm)[] = [...NEEDED[form.kind], ...questions];
  return new Set(needed.filter((name) => form[name].trim() === ''));
}

/** What POST /session takes: pasted values without the blanks around them, but passwords as they are. */
export function inputOf(form: SignInForm): SignInInput {
  const mfaCode = form.mfaCode.trim();
  const mfa = mfaCode !== '' && { MfaCode: mfaCode };
  if (form.kind === 'password')
    return {
      // The console shows 1234-5678-9012.
      AccountId: form.accountId.trim().replace(/(?<=\d)-(?=\d)/g, ''),
      UserName: form.userName.trim(),
      Password: form.password,
      ...(form.newPassword !== '' && { NewPassword: form.newPassword }),
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
