import { allOf, condition } from '../../app/links.ts';

/** What was done with keys, and to them. Looking at them is no use of them: these pages alone do it all the time. */
export const USES =
  'eventSource = kms.amazonaws.com and not (eventName ^ Describe or eventName ^ List or eventName ^ Get)';

export const usesOf = (arn: string): string => allOf(condition('resourceName', arn), USES);
