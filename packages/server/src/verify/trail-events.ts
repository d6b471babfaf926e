import { EventIds } from './event-ids.ts';
import { type Finding, finding } from './findings.ts';
import type { RecordIds } from './record-ids.ts';

/** A log file, wherever it lies. */
export interface PlacedFile {
  readonly bucket: string;
  readonly key: string;
}

/** Which events the log files of each trail hold, in all buckets that are verified together. */
export class TrailEvents {
  readonly #idsOf = new Map<string, EventIds>();
  readonly #files: PlacedFile[] = [];

  /**
   * Adds the events of a file.
   * @param trail by which a trail is told from others @param name of the file, for findings
   * @returns a finding for each that stands in a file of the trail before, or twice in this one
   */
  add(trail: string, file: PlacedFile, name: string, ids: RecordIds): Finding[] {
    const idsOfTrail = this.#idsOf.get(trail) ?? new EventIds();
    this.#idsOf.set(trail, idsOfTrail);
    const number = this.#files.push(file) - 1;
    return idsOfTrail.addAll(ids, number).map(({ eventId, firstFile }) => {
      const where = firstFile === number ? 'this file' : seenFrom(file, this.#files[firstFile]!);
      return finding('event-repeated', name, `eventID ${eventId} stands also in ${where}`);
    });
  }
}

const seenFrom = (from: PlacedFile, { bucket, key }: PlacedFile): string =>
  bucket === from.bucket ? key : `s3://${bucket}/${key}`;
