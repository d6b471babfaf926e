import { type Call, type Credentials, signed, type Wire } from './wire.ts';

/** A forbidden attempt, and how it must end. */
export interface Row {
  readonly title: string;
  /** Signed at the last moment: signatures age. */
  readonly wire: () => Wire;
  readonly status: number;
  /** AWS's name of the error. Answers to HEAD have none. */
  readonly code: string;
  /** A record with the error's name where the caller is known; otherwise it is counted, and is nobody's record. */
  readonly leaves: 'record' | 'count';
  /** What still gets through, and why it is not mended yet: the attempt is not made, and is told of loudly. */
  readonly open?: string;
}

export type Refusal = readonly [status: number, code: string];

/** How each service spells that a caller may not. */
const DENIALS: Readonly<Record<string, Refusal>> = {
  cloudtrail: [400, 'AccessDeniedException'],
  kms: [400, 'AccessDeniedException'],
  organizations: [400, 'AccessDeniedException'],
  opentrail: [403, 'AccessDeniedException'],
};
export const denialOf = ({ service }: Call): Refusal => DENIALS[service] ?? [403, 'AccessDenied'];

/** Calls that somebody known makes and may not. */
export const denied = (who: string, call: Call, wire: () => Wire, refusal = denialOf(call), what = ''): Row => ({
  title: `${who}: ${call.name}${what === '' ? '' : ` ${what}`}`,
  wire,
  status: refusal[0],
  code: refusal[1],
  leaves: 'record',
});

/** Many calls of one caller, who may make none of them. */
export const attempts = (who: string, as: Credentials, list: readonly Call[], refusal?: Refusal): Row[] =>
  list.map((call, i) => {
    const isRepeated = list.findIndex(({ name }) => name === call.name) < i;
    return denied(who, call, () => signed(call, as), refusal ?? denialOf(call), isRepeated ? `(${i + 1})` : '');
  });
