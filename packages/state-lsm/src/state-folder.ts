/* Adapter: the folders of keyed state, and which processes of this host are alive. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Random } from '@flink-ts/core'

const PREFIX = 'flink-state-'
const NAME = /^flink-state-([0-9a-f]{8})-(\d+)-(\d+)-/

// What a task thread that ends without closing its backends leaves behind.
const folders = new Set<string>()
process.once('exit', () => {
  for (const folder of folders) deleteStateFolder(folder)
})

/**
 * A path for a new folder in `directory`, which is made if need be. The name says whose it is. It is removed when this thread ends at the latest;
 * a process that is killed leaves it behind until the next backend is made on this host.
 */
export function stateFolder(directory: string, random: Random): string {
  mkdirSync(directory, { recursive: true })
  removeStaleFolders(directory)
  const { pid } = process
  const folder = join(
    directory,
    `${PREFIX}${processSpace()}-${pid}-${startOf(pid) ?? 0}-${random.hex(8)}`,
  )
  folders.add(folder)
  return folder
}

/** Removes a folder with all that is in it; it need not be there. */
export function deleteStateFolder(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

/** Removes the folders of processes of this host that are dead; left alone is what belongs to others. */
function removeStaleFolders(directory: string): void {
  const here = processSpace()
  for (const name of readdirSync(directory)) {
    const [, space, pid, start] = NAME.exec(name) ?? []
    if (space !== here || isAlive(Number(pid), Number(start))) continue
    try {
      rmSync(join(directory, name), { recursive: true, force: true })
    } catch {
      // Another user's, or being removed by another thread: it hinders nobody.
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
