/* Adapter: the folders of TaskManagers' batch results. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeadOwner, type Logger, PROCESS_OWNER_PATTERN, processOwner } from '@flink-ts/core'
import { ShuffleFileError } from '../errors/shuffle-file-error.js'

const PREFIX = 'flink-netty-shuffle-'
const NAME = new RegExp(`^${PREFIX}(${PROCESS_OWNER_PATTERN})-`)

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
    const folder = mkdtempSync(join(dir, `${PREFIX}${processOwner()}-`))
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
  for (const name of names) {
    const owner = NAME.exec(name)?.[1]
    if (owner === undefined || !isDeadOwner(owner)) continue
    const folder = join(dir, name)
    try {
      await rm(folder, { recursive: true, force: true })
      log.info('Removed the results of a process that is dead', { folder, owner })
    } catch (error) {
      log.warn('Cannot remove the results of a process that is dead', { folder, error })
    }
  }
}
