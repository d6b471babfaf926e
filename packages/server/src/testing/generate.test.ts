import { describe, expect, it } from 'vitest';
import { eventFromBytes } from '../event/accept.ts';
import { createGenerator, generateEvents } from './generate.ts';

describe('generateEvents', () => {
  it('makes records whose headers are those that accepting them would give', () => {
    for (const event of generateEvents(3_000, { seed: 7, jitterMs: 300_000 })) {
      const made = eventFromBytes(event.json, { fallbackAccountId: '' });
      expect('event' in made ? made.event.header : made.refused).toEqual(event.header);
    }
  });

  it('makes the same records again for the same seed, and others for another', () => {
    const records = (seed: number) => [...generateEvents(200, { seed })].map(({ json }) => json.toString());
    expect(records(1)).toEqual(records(1));
    expect(records(2)).not.toEqual(records(1));
    expect(new Set([...generateEvents(20_000)].map(({ header }) => header.eventId)).size).toBe(20_000);
  });

  it('keeps to its options', () => {
    const options = {
      accounts: ['123456789012'],
      regions: ['eu-north-1'],
      startMs: 1_000_000_000_000,
      stepMs: 500,
      dataEvents: false,
    };
    const events = [...generateEvents(2_000, options)];
    expect(new Set(events.map(({ header }) => `${header.accountId} ${header.region} ${header.category}`))).toEqual(
      new Set(['123456789012 eu-north-1 Management']),
    );
    expect(events.map(({ header }) => header.timeMs).slice(0, 4)).toEqual([1e12, 1e12, 1e12 + 1000, 1e12 + 1000]);
  });

  it('looks like a busy account', () => {
    const next = createGenerator();
    const names = new Map<string, number>();
    let bytes = 0;
    for (let i = 0; i < 20_000; i++) {
      const { header, json } = next();
      names.set(header.eventName, (names.get(header.eventName) ?? 0) + 1);
      bytes += json.length;
    }
    expect(bytes / 20_000).toBeGreaterThan(1_000);
    expect(bytes / 20_000).toBeLessThan(1_500);
    expect(names.size).toBeGreaterThan(200);
    expect(Math.max(...names.values())).toBeGreaterThan(1_000);
  });
});
