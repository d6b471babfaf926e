import type { Answer } from './harness.ts';

export interface AttackOptions {
  readonly key?: readonly string[];
  readonly userAgent?: string;
  /** The call is to fail; default it is to succeed. */
  readonly fails?: true;
}

/** Makes an attack's calls through the gateway. */
export interface Attacker {
  /** Onto moto. */
  moto(service: string, operation: string, params?: object, options?: AttackOptions): Promise<Answer>;
  /** Onto an upstream that says yes to whatever it is asked, but of `i-nobody`: for what moto has not. */
  yes(service: string, operation: string, params?: object, options?: AttackOptions): Promise<Answer>;
  /** A POST that boto3 does not make, onto the upstream that says yes. */
  post(signingName: string, headers: Readonly<Record<string, string>>, body: string): Promise<void>;
  /** Through ReportEvents: what is no call. */
  report(report: object): Promise<void>;
  /** What follows resembles the attack, and is none. */
  nearMisses(): void;
}

export interface Attack {
  readonly run: (t: Attacker) => Promise<void>;
  /** Why the rule cannot match what CloudTrail writes of this attack. */
  readonly never?: string;
}

/** An operation, and what it is given. */
export type Step = readonly [service: string, operation: string, params?: object, options?: AttackOptions];

/** An attack of single calls, each asked of the upstream that says yes. */
export const steps = (attack: readonly Step[], misses: readonly Step[]): Attack => ({
  run: async (t) => {
    for (const step of attack) await t.yes(...step);
    t.nearMisses();
    for (const step of misses) await t.yes(...step);
  },
});

/** The same call so many times. */
export const times = (count: number, step: Step): readonly Step[] => Array.from({ length: count }, () => step);

export const ROOT = ['AKIAROOT000000000000', 'secret'];
export const S3_BROWSER = 'S3 Browser/11.6.7 (https://s3browser.com)';
