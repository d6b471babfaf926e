import './sign-in.css';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, useEffect, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { Field } from './field.tsx';
import { EMPTY_FORM, isQuestion, missingOf, type Question, questionOf, type SignInForm, submitForm } from './form.ts';

/** Only those who are not signed in see it. @param expired they were, and the session ended */
export default function SignIn({ expired }: { readonly expired: boolean }) {
  useEffect(() => {
    document.title = 'Sign in | OpenTrail';
  }, []);
  return (
    <main className="ot-sign-in">
      <div>
        <div className="ot-sign-in-mark">
          <img src="/mark.svg" alt="" />
          <Box variant="h1" padding="n">
            Sign in to OpenTrail
          </Box>
        </div>
        <SpaceBetween size="m">
          {expired && <Alert type="info">Your session has ended. Sign in again to go on where you were.</Alert>}
          <Container>
            <Credentials />
          </Container>
          <Box color="text-body-secondary" fontSize="body-s">
            The first start of OpenTrail writes an administrator’s access key into the file <code>credentials</code> of
            its data folder.
          </Box>
        </SpaceBetween>
      </div>
    </main>
  );
}

function Credentials() {
  const [form, setForm] = useState<SignInForm>(EMPTY_FORM);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [questions, setQuestions] = useState<ReadonlySet<Question>>(new Set());
  const missing = missingOf(form, questions);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (missing.size > 0 || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await submitForm(form);
    } catch (failed) {
      const question = questionOf(failed);
      if (question) setQuestions(new Set([...questions, question]));
      setError(failed);
      setTried(false);
      setBusy(false);
    }
  };

  const field = (name: keyof SignInForm) => ({
    value: form[name],
    onChange: (value: string) => setForm({ ...form, [name]: value }),
    missing: tried && missing.has(name),
    name,
  });

  return (
    <form onSubmit={submit} noValidate>
      <SpaceBetween size="l">
        <SegmentedControl
          label="Credentials"
          selectedId={form.kind}
          options={[
            { id: 'keys', text: 'Access keys' },
            { id: 'password', text: 'IAM user' },
          ]}
          onChange={({ detail }) => setForm({ ...form, kind: detail.selectedId as SignInForm['kind'] })}
        />
        {form.kind === 'password' ? (
          <>
            <Field label="Account ID or alias" {...field('accountId')} autoComplete="organization" />
            <Field label="User name" {...field('userName')} autoComplete="username" />
            <Field label="Password" {...field('password')} type="password" autoComplete="current-password" />
          </>
        ) : (
          <>
            <Field label="Access key ID" {...field('accessKeyId')} autoComplete="username" />
            <Field label="Secret access key" {...field('secretAccessKey')} type="password" autoComplete="off" />
          </>
        )}
        {questions.has('newPassword') && (
          <Field label="New password" {...field('newPassword')} type="password" autoComplete="new-password" />
        )}
        {questions.has('mfaCode') && <Field label="MFA code" {...field('mfaCode')} autoComplete="one-time-code" />}
        <ExpandableSection headerText={form.kind === 'keys' ? 'Session token, role' : 'Role'}>
          <SpaceBetween size="m">
            {form.kind === 'keys' && (
              <Field
                label="Session token"
                hint="Of temporary credentials."
                {...field('sessionToken')}
                autoComplete="off"
              />
            )}
            <Field label="Role ARN" hint="Go on as this role." {...field('roleArn')} autoComplete="off" />
          </SpaceBetween>
        </ExpandableSection>
        {error !== undefined && <SignInError error={error} />}
        <Button variant="primary" fullWidth loading={busy} loadingText="Signing in">
          Sign in
        </Button>
      </SpaceBetween>
    </form>
  );
}

/** In the server's own words; what was only asked for is no failure. */
function SignInError({ error }: { readonly error: unknown }) {
  return <Alert type={isQuestion(error) ? 'info' : 'error'}>{messageOf(error)}</Alert>;
}
