import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { OperatorError, systemErrorCode } from './base/errors.ts';
import { makeFolder } from './base/folders.ts';

/** Raised when the layout on disk changes in a way that an older OpenTrail would misread. */
const LAYOUT_VERSION = 1;

export interface DataDir {
  readonly path: string;
  /** Gives the folder back. A process that dies gives it back as well. */
  release(): void;
}

/**
 * Opens (or makes) the data folder for this process alone.
 *
 * Node has no flock. On Linux the guard is a socket in the abstract namespace named after the folder's device and
 * inode: taking it is atomic, and the kernel frees it however the process ends. The file `owner` says who holds the
 * folder, for the message and for systems without abstract sockets, where it is all there is.
 * @throws OperatorError when another process holds it, or it cannot be used
 */
export async function openDataDir(path: string): Promise<DataDir> {
  const dir = resolve(path);
  try {
    makeFolder(dir, 0o700);
    chmodSync(dir, 0o700); // it holds secrets; a folder made by hand may be open to others
    checkLayout(join(dir, 'layout.json'));
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw cannotUse(dir, error);
  }
  const ownerFile = join(dir, 'owner');
  const refuse = () => {
    const owner = readOwner(ownerFile);
    const who = owner === undefined ? 'Another OpenTrail' : `Another OpenTrail (process ${owner})`;
    return new OperatorError(
      `${who} is using the data folder ${dir}. Stop it first, or choose another folder with --data-dir.`,
    );
  };
  const socket = process.platform === 'linux' ? await takeAbstractSocket(dir, refuse) : undefined;
  if (!socket && ownerIsAlive(ownerFile)) throw refuse();
  try {
    writeFileSync(ownerFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    // With the socket it only says who; a full disk must not keep a server from starting.
    if (!socket || systemErrorCode(error) !== 'ENOSPC') throw cannotUse(dir, error);
  }
  return {
    path: dir,
    release() {
      rmSync(ownerFile, { force: true });
      socket?.close();
    },
  };
}

const cannotUse = (dir: string, error: unknown) =>
  new OperatorError(
    `Cannot use the data folder ${dir}: ${systemErrorCode(error) ?? error}. Choose another with --data-dir, mend its permissions, or free some space.`,
  );

function checkLayout(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    writeFileSync(`${file}.tmp`, `${JSON.stringify({ version: LAYOUT_VERSION })}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.tmp`, file);
    return;
  }
  const version = (JSON.parse(text) as { version?: unknown }).version;
  if (version !== LAYOUT_VERSION) {
    throw new OperatorError(
      `${file} says layout version ${version}; this OpenTrail reads version ${LAYOUT_VERSION}. Use the OpenTrail that wrote it.`,
    );
  }
}

function takeAbstractSocket(dir: string, refuse: () => OperatorError) {
  const { dev, ino } = statSync(dir, { bigint: true });
  const name = `\0opentrail-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => socket.destroy());
  return new Promise<typeof server>((fulfil, reject) => {
    server.once('error', (error) => reject(systemErrorCode(error) === 'EADDRINUSE' ? refuse() : error));
    server.listen(name, () => fulfil(server));
    server.unref();
  });
}

function readOwner(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function ownerIsAlive(file: string): boolean {
  const pid = readOwner(file);
  if (pid === undefined || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'; // it lives, under another user
  }
}
