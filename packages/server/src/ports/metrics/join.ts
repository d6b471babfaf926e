import { addPoint, inOrder, mergeCauses } from '../metric-points.ts';
import type { MetricPoint, PointCause } from '../metrics.ts';
import type { SeriesContent } from './chunk.ts';
import { type Chunk, type ChunkFiles, TIERS, type Tier } from './chunk-files.ts';

/** A read opens every chunk of its time. */
const CHUNKS_OF_A_STRETCH_MAX = 8;
/** Causes are of use while the records themselves are: the tiers of minutes keep them, the coarser ones do not. */
const CAUSES_GRAIN_MAX = 60;

/** Makes one chunk of many, moves what has become old to its next tier, and lets go of what is older than all tiers. */
export async function joinChunks(files: ChunkFiles, newGeneration: () => number, now: number): Promise<void> {
  for (const [i, tier] of TIERS.entries()) {
    const next = TIERS[i + 1];
    const oldBefore = now - tier.keepSeconds;
    const isOld = ({ start }: Chunk, { stretch }: Tier) => start - (start % stretch) + stretch <= oldBefore;
    const mine = files.chunks.filter((chunk) => chunk.tier === tier);
    if (!next) {
      const gone = mine.filter((chunk) => isOld(chunk, tier));
      if (gone.length > 0) await files.replace(gone, []);
    }
    for (const [start, chunks] of byStart(mine, tier)) {
      if (chunks.length >= CHUNKS_OF_A_STRETCH_MAX) await join(files, chunks, tier, start, newGeneration());
    }
    if (!next) continue;
    const old = files.chunks.filter((chunk) => chunk.tier === tier && isOld(chunk, next));
    for (const [start, chunks] of byStart(old, next)) {
      const there = files.chunks.filter((chunk) => chunk.tier === next && chunk.start === start);
      await join(files, [...there, ...chunks], next, start, newGeneration());
    }
  }
}

function byStart(chunks: readonly Chunk[], { stretch }: Tier): Map<number, Chunk[]> {
  const groups = new Map<number, Chunk[]>();
  for (const chunk of chunks) {
    const start = chunk.start - (chunk.start % stretch);
    groups.set(start, [...(groups.get(start) ?? []), chunk]);
  }
  return groups;
}

async function join(files: ChunkFiles, chunks: readonly Chunk[], tier: Tier, start: number, generation: number) {
  const joined = await files.write(tier, start, generation, mergedContents(files, chunks, tier), chunks);
  await files.replace(chunks, [joined]);
}

/** Walks all chunks side by side, in order of series, with a block of each in memory. */
async function* mergedContents(files: ChunkFiles, chunks: readonly Chunk[], tier: Tier): AsyncGenerator<SeriesContent> {
  const walks = chunks.map((chunk) => files.contents(chunk));
  try {
    let heads = await Promise.all(walks.map((walk) => walk.next()));
    for (;;) {
      const ids = heads.flatMap((head) => (head.done ? [] : [head.value.id]));
      if (ids.length === 0) return;
      const id = Math.min(...ids);
      const mine = heads.flatMap((head) => (!head.done && head.value.id === id ? [head.value] : []));
      yield merged(id, mine, tier.grain);
      heads = await Promise.all(
        heads.map((head, i) => (!head.done && head.value.id === id ? walks[i]!.next() : Promise.resolve(head))),
      );
    }
  } finally {
    for (const walk of walks) await walk.return(undefined);
  }
}

function merged(id: number, contents: readonly SeriesContent[], grain: number): SeriesContent {
  const points = new Map<number, MetricPoint>();
  for (const content of contents) for (const point of content.points) addPoint(points, point, grain);
  const causes = new Map<number, readonly PointCause[]>();
  if (grain <= CAUSES_GRAIN_MAX) {
    for (const [second, some] of contents.flatMap((content) => content.causes)) {
      causes.set(second, mergeCauses(causes.get(second) ?? [], some));
    }
  }
  return { id, points: inOrder(points), causes: [...causes].sort(([a], [b]) => a - b) };
}
