import { describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { Turns, type Urgency } from './turns.ts';

/** Says who has begun, in order. */
function among(turns: Turns) {
  const began: string[] = [];
  const ask = (name: string, urgency: Urgency) => turns.take(urgency).then(() => void began.push(name));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { began, ask, settle };
}

describe('turns', () => {
  test('urgent ones begin at once, and nothing else begins beside them', async () => {
    const turns = new Turns(4, 100);
    const { began, ask, settle } = among(turns);
    void ask('facets', 'usual');
    void ask('page', 'first');
    void ask('histogram', 'usual');
    await settle();
    expect(began).toEqual(['facets', 'page']);
    turns.leave('first');
    await settle();
    expect(began).toEqual(['facets', 'page', 'histogram']);
  });

  test('no more than so many at a time', async () => {
    const turns = new Turns(2, 100);
    const { began, ask, settle } = among(turns);
    for (const name of ['a', 'b', 'c']) void ask(name, 'usual');
    void ask('page', 'first');
    await settle();
    expect(began).toEqual(['a', 'b']);
    turns.leave('usual');
    await settle();
    expect(began).toEqual(['a', 'b', 'page']);
    turns.leave('first');
    await settle();
    expect(began).toEqual(['a', 'b', 'page', 'c']);
  });

  test('one that waits is not overtaken for ever', async () => {
    const turns = new Turns(1, 1000);
    const { began, ask, settle } = among(turns);
    void ask('page', 'first');
    void ask('facets', 'usual');
    for (let i = 0; i < 100; i++) void ask('page', 'first');
    for (let i = 0; i < 20; i++) {
      await settle();
      turns.leave(began.at(-1) === 'facets' ? 'usual' : 'first');
    }
    expect(began.indexOf('facets')).toBeGreaterThan(1);
    expect(began.indexOf('facets')).toBeLessThan(12);
  });

  test('too many are refused', async () => {
    const turns = new Turns(1, 2);
    const { ask } = among(turns);
    void ask('a', 'usual');
    void ask('b', 'usual');
    void ask('c', 'first');
    await expect(turns.take('first')).rejects.toThrow(Pushback);
  });
});
