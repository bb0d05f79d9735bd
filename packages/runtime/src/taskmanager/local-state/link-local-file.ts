/* Adapter: second names for files of this machine. */
import { copyFile, link, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Gives a file that is never changed a second name, or copies it where that cannot be done. The folder is made; there may be
 * such a file already.
 *
 * @param target a path of this machine or `file:` URI
 */
export async function linkLocalFile(source: string, target: string): Promise<void> {
  const path = target.startsWith('file:') ? fileURLToPath(target) : target
  await mkdir(dirname(path), { recursive: true })
  try {
    await link(source, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    // It is gone: nothing can be done. Otherwise: another disk, or one without links.
    if (code === 'ENOENT') throw error
    await copyFile(source, path)
  }
}
