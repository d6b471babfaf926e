export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries until `probe` gives something other than undefined or false. @throws after `timeoutMs` */
export async function eventually(what, probe, { timeoutMs = 120_000, everyMs = 100 } = {}) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await pause(everyMs);
  }
}

/** Milliseconds that each call took, one after the other. */
export async function timesOf(calls) {
  const times = [];
  for (const call of calls) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

export function quantiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q) => round(sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0);
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1), samples: sorted.length };
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** Three digits are as many as any of these figures deserve. */
export const round = (n) => Number(n.toPrecision(n >= 1000 ? 6 : 3));
