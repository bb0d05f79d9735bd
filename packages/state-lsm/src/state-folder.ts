/* Adapter: the folders of keyed state. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeadOwner, PROCESS_OWNER_PATTERN, processOwner, type Random } from '@flink-ts/core'

const PREFIX = 'flink-state-'
const NAME = new RegExp(`^${PREFIX}(${PROCESS_OWNER_PATTERN})-`)

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
  const folder = join(directory, `${PREFIX}${processOwner()}-${random.hex(8)}`)
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
  for (const name of readdirSync(directory)) {
    const owner = NAME.exec(name)?.[1]
    if (owner === undefined || !isDeadOwner(owner)) continue
    try {
      rmSync(join(directory, name), { recursive: true, force: true })
    } catch {
      // Another user's, or being removed by another thread: it hinders nobody.
    }
  }
}
