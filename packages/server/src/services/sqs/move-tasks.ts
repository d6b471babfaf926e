import { uuid } from '../../base/random.ts';
import type { StateEntry } from '../../ports/state.ts';
import type { Handler } from '../../wire/service.ts';
import { redrive } from './dead-letters.ts';
import type { SqsParts } from './deps.ts';
import { invalidValue, missingParameter, sqsError } from './errors.ts';
import { isFifo, parseQueueArn, type QueueName, queueArn } from './model.ts';
import { sourcesOf } from './queues.ts';
import type { OpenQueue } from './registry.ts';

interface MoveTask {
  readonly taskId: string;
  readonly sourceArn: string;
  readonly destinationArn?: string;
  readonly perSecondMax?: number;
  readonly startedMs: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  readonly toMove: number;
  readonly reason?: string;
}

interface Running {
  readonly task: MoveTask;
  cancelled: boolean;
  moved: number;
}

/** SQS API reference, StartMessageMoveTask and ListMessageMoveTasks. */
const PER_SECOND_MAX = 500;
const LISTED_MAX = 10;
/** Taken at a time; hidden from others while they are moved. */
const STEP_MESSAGES = 10;
const STEP_HIDDEN_MS = 30_000;
/** After a message that could not be moved. */
const RETRY_MS = 1_000;

const taskKey = ({ accountId, region, name }: QueueName, taskId: string) =>
  `sqs/${accountId}/${region}/move/${name}/${taskId}`;

export interface MoveTasks {
  readonly handlers: Record<string, Handler>;
  close(): void;
}

/** Moves messages from dead-letter queues, a task a queue at a time. What a stop interrupts goes on at the next start. */
export async function openMoveTasks(parts: SqsParts): Promise<MoveTasks> {
  const { state, registry, clock, random, logger } = parts;
  const running = new Map<string, Running>();
  let closed = false;

  const destinationOf = ({ task }: Running, source: OpenQueue, id: number): OpenQueue | undefined => {
    const from = parts.mailboxes.entry(source.box, id)?.meta.from;
    const arn = task.destinationArn ?? (from === undefined ? undefined : String(from));
    const name = arn === undefined ? undefined : parseQueueArn(arn);
    return name && registry.find(name);
  };

  async function finish(run: Running, status: MoveTask['status'], reason?: string): Promise<void> {
    const { task } = run;
    running.delete(task.sourceArn);
    const name = parseQueueArn(task.sourceArn)!;
    const done = { ...task, status, moved: run.moved, ...(reason !== undefined && { reason }) };
    await state.write([{ put: taskKey(name, task.taskId), value: done }]);
    const all = await state.list<MoveTask>(taskKey(name, ''));
    const old = [...all].sort((a, b) => b.value.startedMs - a.value.startedMs).slice(LISTED_MAX);
    if (old.length > 0) await state.write(old.map(({ key }) => ({ delete: key })));
  }

  async function step(run: Running): Promise<number | undefined> {
    const source = registry.find(parseQueueArn(run.task.sourceArn)!);
    if (run.cancelled || !source) {
      await finish(
        run,
        run.cancelled ? 'CANCELLED' : 'FAILED',
        run.cancelled ? undefined : 'AWS.SimpleQueueService.NonExistentQueue',
      );
      return undefined;
    }
    const max = Math.min(STEP_MESSAGES, run.task.perSecondMax ?? STEP_MESSAGES);
    const taken = source.live.take(max, STEP_HIDDEN_MS);
    if (taken.length === 0) {
      await finish(run, 'COMPLETED');
      return undefined;
    }
    let failed = false;
    for (const held of taken) {
      const target = destinationOf(run, source, held.id);
      if (!target) {
        for (const one of taken) source.live.hide(one, 0);
        await finish(run, 'FAILED', 'CouldNotDetermineMessageSource');
        return undefined;
      }
      if (await redrive(parts, source, target, held)) run.moved++;
      else {
        source.live.hide(held, 0);
        failed = true;
      }
    }
    if (failed) return RETRY_MS;
    return run.task.perSecondMax === undefined ? 0 : (taken.length * 1000) / run.task.perSecondMax;
  }

  function go(run: Running): void {
    void step(run)
      .catch((error) => {
        logger.warn(
          { err: error, task: run.task.taskId },
          'a task that moves messages could not go on; it is tried again',
        );
        return RETRY_MS;
      })
      .then((delayMs) => {
        if (delayMs !== undefined && !closed) clock.after(delayMs, () => !closed && go(run));
      });
  }

  function begin(task: MoveTask): void {
    const run: Running = { task, cancelled: false, moved: task.moved };
    running.set(task.sourceArn, run);
    go(run);
  }

  function find(arn: string | undefined, member: string): QueueName {
    if (arn === undefined) throw missingParameter(member);
    const name = parseQueueArn(arn);
    if (!name)
      throw invalidValue(
        arn.slice(0, 200),
        member,
        'You must use this format to specify the ARN of a queue: arn:aws:sqs:<region>:<account>:<queue>.',
      );
    if (!registry.find(name))
      throw sqsError(
        'ResourceNotFoundException',
        `The resource that you specified for the ${member} parameter doesn't exist.`,
      );
    return name;
  }

  for (const { value } of await tasksIn(state.list<MoveTask>('sqs/'))) if (value.status === 'RUNNING') begin(value);

  return {
    handlers: {
      async StartMessageMoveTask(
        _context,
        input: { SourceArn?: string; DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number },
      ) {
        const source = find(input.SourceArn, 'SourceArn');
        const target = input.DestinationArn === undefined ? undefined : find(input.DestinationArn, 'DestinationArn');
        const { MaxNumberOfMessagesPerSecond: perSecondMax } = input;
        if (perSecondMax !== undefined && (perSecondMax < 1 || perSecondMax > PER_SECOND_MAX)) {
          throw invalidValue(perSecondMax, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${PER_SECOND_MAX}.`);
        }
        const sourceArn = queueArn(source);
        if (sourcesOf(registry.list(source.accountId, source.region), source).length === 0) {
          throw invalidValue(sourceArn, 'SourceArn', 'Source queue must be configured as a Dead Letter Queue.');
        }
        if (target && isFifo(target) !== isFifo(source)) {
          throw invalidValue(
            queueArn(target),
            'DestinationArn',
            'Destination queue must be of the same type as the source queue.',
          );
        }
        if (running.has(sourceArn)) {
          throw sqsError(
            'UnsupportedOperation',
            'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
          );
        }
        const task: MoveTask = {
          taskId: uuid(random),
          sourceArn,
          ...(target && { destinationArn: queueArn(target) }),
          ...(perSecondMax !== undefined && { perSecondMax }),
          startedMs: clock.now(),
          status: 'RUNNING',
          moved: 0,
          toMove: registry.require(source).live.counts().ready,
        };
        running.set(sourceArn, { task, cancelled: false, moved: 0 });
        try {
          await state.write([{ put: taskKey(source, task.taskId), value: task }]);
        } catch (error) {
          running.delete(sourceArn);
          throw error;
        }
        begin(task);
        return { TaskHandle: taskHandle(task) };
      },

      async CancelMessageMoveTask(_context, { TaskHandle }: { TaskHandle?: string }) {
        if (TaskHandle === undefined) throw missingParameter('TaskHandle');
        const handle = readTaskHandle(TaskHandle);
        if (!handle)
          throw invalidValue(
            TaskHandle.slice(0, 100),
            'TaskHandle',
            'The task handle is none that this service has given out.',
          );
        const run = running.get(handle.sourceArn);
        if (run?.task.taskId !== handle.taskId)
          throw sqsError('ResourceNotFoundException', 'Task does not exist or is no longer running.');
        run.cancelled = true;
        return { ApproximateNumberOfMessagesMoved: run.moved };
      },

      async ListMessageMoveTasks(_context, { SourceArn, MaxResults = 1 }: { SourceArn?: string; MaxResults?: number }) {
        const source = find(SourceArn, 'SourceArn');
        if (MaxResults < 1 || MaxResults > LISTED_MAX)
          throw invalidValue(MaxResults, 'MaxResults', `Must be between 1 and ${LISTED_MAX}.`);
        const all = (await state.list<MoveTask>(taskKey(source, ''))).map(({ value }) => value);
        const newest = [...all].sort((a, b) => b.startedMs - a.startedMs).slice(0, MaxResults);
        return { Results: newest.map((task) => describe(task, running.get(task.sourceArn))) };
      },
    },
    close() {
      closed = true;
    },
  };
}

const tasksIn = async (entries: Promise<readonly StateEntry<MoveTask>[]>) =>
  (await entries).filter(({ key }) => /^sqs\/\d{12}\/[^/]+\/move\//.test(key));

function describe(task: MoveTask, run: Running | undefined) {
  const active = task.status === 'RUNNING' && run?.task.taskId === task.taskId ? run : undefined;
  return {
    ...(active && { TaskHandle: taskHandle(task) }),
    Status: active?.cancelled ? 'CANCELLING' : task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn !== undefined && { DestinationArn: task.destinationArn }),
    ...(task.perSecondMax !== undefined && { MaxNumberOfMessagesPerSecond: task.perSecondMax }),
    ApproximateNumberOfMessagesMoved: active?.moved ?? task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.reason !== undefined && { FailureReason: task.reason }),
    StartedTimestamp: task.startedMs,
  };
}

const taskHandle = ({ taskId, sourceArn }: MoveTask) =>
  Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64');

export function readTaskHandle(
  handle: string | undefined,
): { readonly taskId: string; readonly sourceArn: string } | undefined {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle ?? '', 'base64').toString());
    return typeof taskId === 'string' && typeof sourceArn === 'string' && parseQueueArn(sourceArn)
      ? { taskId, sourceArn }
      : undefined;
  } catch {
    return undefined;
  }
}
