/* Adapter: the folders of TaskManagers' batch results, and which processes of this host are alive. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@flink-ts/core'
import { ShuffleFileError } from '../errors/shuffle-file-error.js'

const PREFIX = 'flink-netty-shuffle-'
const NAME = /^flink-netty-shuffle-([0-9a-f]{8})-(\d+)-(\d+)-/

// What a process that ends without closing its environments leaves behind.
const folders = new Set<string>()
process.once('exit', () => {
  for (const folder of folders) deleteFolder(folder)
})

/**
 * A new folder for the partitions of one TaskManager, deleted when this thread ends at the latest. A process that is killed
 * leaves it behind, until {@link removeStaleFolders}. Its name says whose it is.
 *
 * @throws ShuffleFileError
 */
export function createShuffleFolder(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true })
    const { pid } = process
    const owner = `${processSpace()}-${pid}-${startOf(pid) ?? 0}`
    const folder = mkdtempSync(join(dir, `${PREFIX}${owner}-`))
    folders.add(folder)
    return folder
  } catch (cause) {
    throw new ShuffleFileError({
      what: 'make a folder for',
      partitionId: '(any)',
      folder: dir,
      cause,
    })
  }
}

/** Removes a folder with all that is in it; it need not be there. */
export function deleteFolder(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Removes the folders of processes of this host that are dead. Left alone is what belongs to living ones, to other hosts
 * or containers that share the folder, and what has another name. Never throws: what cannot be removed stays, with a line in the log.
 */
export async function removeStaleFolders(dir: string, log: Logger): Promise<void> {
  let names: readonly string[]
  try {
    names = readdirSync(dir)
  } catch {
    // Not there yet, or not ours to read: then nothing in it is ours either.
    return
  }
  const here = processSpace()
  for (const name of names) {
    const [, space, pid, start] = NAME.exec(name) ?? []
    if (space !== here || isAlive(Number(pid), Number(start))) continue
    const folder = join(dir, name)
    try {
      await rm(folder, { recursive: true, force: true })
      log.info('Removed the results of a process that is dead', { folder, pid: Number(pid) })
    } catch (error) {
      log.warn('Cannot remove the results of a process that is dead', { folder, error })
    }
  }
}

function isAlive(pid: number, start: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Any other error tells that there is one, of another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
  // Its number may have been given to another process since.
  const startNow = startOf(pid)
  return start === 0 || startNow === undefined || startNow === start
}

/** When a process was started, in ticks since the host was; undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}

/** Where process numbers mean what they mean here: host and container. */
function processSpace(): string {
  let space = ''
  try {
    space = readlinkSync('/proc/self/ns/pid')
  } catch {
    // No Linux: the host alone.
  }
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 8)
}
