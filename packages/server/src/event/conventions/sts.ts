import type { Call } from '../call.ts';
import { requestOf } from '../parameters.ts';

/**
 * requestParameters of an STS call. AssumeRoleWithSAML shows what the assertion says in place of the assertion, which is as
 * good as a password until it expires (AWS's guide to IAM and CloudTrail; records of IAM Identity Center).
 */
export function stsRequestParameters({ schema, operation, input }: Call): Record<string, unknown> | null {
  const shown = requestOf(schema, operation, input);
  const assertion = operation === 'AssumeRoleWithSAML' ? input?.SAMLAssertion : undefined;
  return typeof assertion === 'string' ? { ...saidBy(assertion), ...shown } : shown;
}

/** STS takes assertions of up to this length. */
const ASSERTION_CHARS_MAX = 100_000;
/** The longest ID that an assertion may have here, and STS's longest session name. */
const ID = /<(?:\w+:)?Assertion\b[^<>]{0,1000}?\sID="([^"<>&]{1,256})"/;
const SESSION_NAME =
  /\sName="https:\/\/aws\.amazon\.com\/SAML\/Attributes\/RoleSessionName"[^<>]{0,1000}>\s{0,100}<(?:\w+:)?AttributeValue\b[^<>]{0,1000}>\s{0,100}([\w+=,.@-]{2,64})\s{0,100}</;

/** Nothing of an assertion that is encrypted. */
function saidBy(assertion: string): Record<string, string> {
  if (assertion.length > ASSERTION_CHARS_MAX) return {};
  const xml = Buffer.from(assertion, 'base64').toString('utf8');
  const sAMLAssertionID = ID.exec(xml)?.[1];
  const roleSessionName = SESSION_NAME.exec(xml)?.[1];
  return { ...(sAMLAssertionID && { sAMLAssertionID }), ...(roleSessionName && { roleSessionName }) };
}
