import { uuid } from '../../base/random.ts';
import type { MessageEntry } from '../../ports/mailboxes.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { EventsDeps } from './deps.ts';
import { eventsError, invalid, limitExceeded, unsupported } from './errors.ts';
import { type Archive, archiveArn, archiveBox, parseArn } from './model.ts';
import { type PageRequest, pageOf } from './pages.ts';
import { checkPattern } from './patterns.ts';
import { findBus, found, placeOf } from './store.ts';

/** EventBridge's quota, an account and Region. */
const ARCHIVES_MAX = 100;

interface ArchiveInput {
  readonly ArchiveName: string;
  readonly EventSourceArn?: string;
  readonly Description?: string;
  readonly EventPattern?: string;
  readonly RetentionDays?: number;
  readonly KmsKeyIdentifier?: string;
}

interface ListInput extends PageRequest {
  readonly NamePrefix?: string;
  readonly EventSourceArn?: string;
  readonly State?: string;
}

/** Archives: what the router keeps of a bus's events, in chunks, in a mailbox of the archive's own. */
export function createArchiveHandlers({
  store,
  mailboxes,
  clock,
  random,
  logEnd,
}: EventsDeps): Record<string, Handler> {
  const sizeOf = (archive: Archive) => {
    let [EventCount, SizeBytes] = [0, 0];
    for (const { meta, bodyBytes } of mailboxes.entries(archiveBox(archive))) {
      EventCount += Number(meta.events);
      SizeBytes += bodyBytes;
    }
    return { EventCount, SizeBytes };
  };
  const archiveOf = async (context: CallContext, name: string) =>
    found(await store.get(placeOf(context), 'archive', name), `Archive ${name}`);
  const shown = (archive: Archive) => ({
    ArchiveName: archive.name,
    EventSourceArn: archive.busArn,
    State: 'ENABLED',
    RetentionDays: archive.retentionDays,
    ...sizeOf(archive),
    CreationTime: new Date(archive.createdMs),
  });
  const outcome = ({ arn, createdMs }: Archive) => ({
    ArchiveArn: arn,
    State: 'ENABLED',
    CreationTime: new Date(createdMs),
  });

  return {
    async CreateArchive(context: CallContext, input: ArchiveInput) {
      const { ArchiveName: name, EventSourceArn: busArn = '', EventPattern: pattern, Description: description } = input;
      refuseKey(input);
      const place = placeOf(context);
      const bus = parseArn(busArn);
      if (bus?.kind !== 'event-bus' || bus.accountId !== place.accountId || bus.region !== place.region) {
        throw invalid(
          'Parameter EventSourceArn is not valid. It must be the ARN of an event bus of this account and Region.',
        );
      }
      await findBus(store, place, bus.name);
      if (pattern !== undefined) checkPattern(pattern);
      if ((await store.list(place, 'archive')).length >= ARCHIVES_MAX) {
        throw limitExceeded(`The requested resource exceeds the maximum number allowed: ${ARCHIVES_MAX} archives.`);
      }
      const nowMs = clock.now();
      const made: Archive = {
        ...place,
        name,
        arn: archiveArn(place, name),
        id: uuid(random),
        busArn,
        createdMs: nowMs,
        modifiedMs: nowMs,
        fromSequence: logEnd(),
        retentionDays: input.RetentionDays ?? 0,
        ...(pattern !== undefined && { pattern }),
        ...(description !== undefined && { description }),
      };
      await store.change(place, 'archive', name, (old) => {
        if (old) throw eventsError('ResourceAlreadyExistsException', `Archive ${name} already exists.`);
        return made;
      });
      return outcome(made);
    },

    async UpdateArchive(context: CallContext, input: ArchiveInput) {
      const { ArchiveName: name, EventPattern: pattern, Description: description, RetentionDays } = input;
      refuseKey(input);
      if (pattern !== undefined) checkPattern(pattern);
      let made: Archive | undefined;
      await store.change(placeOf(context), 'archive', name, (old) => {
        made = {
          ...found(old, `Archive ${name}`),
          modifiedMs: clock.now(),
          ...(pattern !== undefined && { pattern }),
          ...(description !== undefined && { description }),
          ...(RetentionDays !== undefined && { retentionDays: RetentionDays }),
        };
        return made;
      });
      return outcome(made!);
    },

    async DeleteArchive(context: CallContext, { ArchiveName: name }: ArchiveInput) {
      const archive = await archiveOf(context, name);
      await store.change(placeOf(context), 'archive', name, () => undefined);
      await mailboxes.drop(archiveBox(archive));
      return {};
    },

    async DescribeArchive(context: CallContext, { ArchiveName: name }: ArchiveInput) {
      const archive = await archiveOf(context, name);
      const { arn, description, pattern } = archive;
      return {
        ArchiveArn: arn,
        ...shown(archive),
        ...(description !== undefined && { Description: description }),
        ...(pattern !== undefined && { EventPattern: pattern }),
      };
    },

    async ListArchives(context: CallContext, input: ListInput) {
      const { NamePrefix = '', EventSourceArn, State } = input;
      const all = await store.list(placeOf(context), 'archive', NamePrefix);
      const wanted = all.filter(
        ({ busArn }) => (EventSourceArn ?? busArn) === busArn && (State === undefined || State === 'ENABLED'),
      );
      const listed = ['ListArchives', NamePrefix, EventSourceArn, State];
      const { page, ...rest } = pageOf(wanted, ({ name }) => name, input, listed);
      return { Archives: page.map(shown), ...rest };
    },
  };
}

function refuseKey({ KmsKeyIdentifier }: ArchiveInput): void {
  if (KmsKeyIdentifier) throw unsupported('KMS keys of archives');
}

const DAY_MS = 86_400_000;

/** Chunks whose events are all past their days. */
export function* expiredChunks(
  { retentionDays }: Archive,
  entries: Iterable<MessageEntry>,
  nowMs: number,
): Generator<number> {
  if (retentionDays === 0) return;
  for (const { id, meta } of entries) {
    if (Math.max(Number(meta.to), Number(meta.at)) + retentionDays * DAY_MS < nowMs) yield id;
  }
}
