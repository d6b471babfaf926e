import { Pushback } from '../../base/errors.ts';

/** `first`: a person waits for it, and it is short. Others do not begin beside it, for all share the same processors. */
export type Urgency = 'first' | 'usual';

/** So many urgent ones may go before one that waits: it is never kept waiting for good. */
const OVERTAKEN_MAX = 8;
const RETRY_AFTER_MS = 1_000;

/** Whose turn it is: so many at a time, the urgent ones before all others. */
export class Turns {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #waiting: Readonly<Record<Urgency, (() => void)[]>> = { first: [], usual: [] };
  readonly #underWay: Record<Urgency, number> = { first: 0, usual: 0 };
  /** Urgent ones that began while others waited. */
  #overtaken = 0;

  constructor(atOnceMax: number, waitingMax: number) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
  }

  /** Waits for its turn; call `leave` afterwards. @throws Pushback when too many wait already */
  async take(urgency: Urgency): Promise<void> {
    const { first, usual } = this.#waiting;
    if (first.length + usual.length >= this.#waitingMax)
      throw new Pushback('too many searches are under way', RETRY_AFTER_MS);
    const turn = new Promise<void>((resolve) => this.#waiting[urgency].push(resolve));
    this.#admit();
    await turn;
  }

  leave(urgency: Urgency): void {
    this.#underWay[urgency]--;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const start = this.#waiting[next].shift()!;
      this.#underWay[next]++;
      this.#overtaken = next === 'first' && this.#waiting.usual.length > 0 ? this.#overtaken + 1 : 0;
      start();
    }
  }

  #next(): Urgency | undefined {
    const { first, usual } = this.#waiting;
    if (this.#underWay.first + this.#underWay.usual >= this.#atOnceMax) return undefined;
    const isOverdue = usual.length > 0 && this.#overtaken >= OVERTAKEN_MAX;
    if (first.length > 0 && !isOverdue) return 'first';
    return usual.length > 0 && (isOverdue || this.#underWay.first === 0) ? 'usual' : undefined;
  }
}
