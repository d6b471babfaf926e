/** Time comes from here, so that one place tells what reads the clock (the browser's tests set it). */
export const clock = {
  now: (): number => Date.now(),
  /** Runs `fn` once after `delayMs`; the function returned cancels it. */
  after(delayMs: number, fn: () => void): () => void {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`. @throws the signal's reason when it is aborted meanwhile */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
