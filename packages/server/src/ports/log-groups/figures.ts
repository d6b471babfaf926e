import type { StreamFigures } from '../log-groups.ts';
import type { BlockInfo } from './block.ts';

/** Takes a block into the figures of its stream. */
export function count(figures: Map<number, StreamFigures>, block: BlockInfo): void {
  const known = figures.get(block.stream);
  figures.set(block.stream, {
    firstMs: Math.min(known?.firstMs ?? block.minMs, block.minMs),
    lastMs: Math.max(known?.lastMs ?? block.maxMs, block.maxMs),
    lastIngestedMs: Math.max(known?.lastIngestedMs ?? 0, block.lastIngestedMs),
    count: (known?.count ?? 0) + block.count,
    bytes: (known?.bytes ?? 0) + block.messageBytes,
  });
}
