import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { FileStatus, FileSystems } from '@flink-ts/core'

/** What processes need of an installation: no configuration, which may hold secrets, and no programs of users. */
export const INSTALLATION_PARTS = ['lib', 'LICENSE'] as const
const CONCURRENT = 16

/** What of an installation goes into its archive. */
export interface InstallationContent {
  /** SHA-256 over names and contents, in hexadecimal digits. */
  readonly hash: string
  readonly parts: readonly string[]
}

/**
 * Reads what an archive of an installation has.
 *
 * @param home folder of an installation, as `npm run dist` makes it
 * @param parts files and folders of it, of which those that are not there are left out; default: all that its processes need
 */
export async function installationContent(
  files: FileSystems,
  home: string,
  parts: readonly string[] = INSTALLATION_PARTS,
): Promise<InstallationContent> {
  const fileSystem = files.forPath(home)
  const hash = createHash('sha256')
  const present: string[] = []
  for (const part of parts) {
    const path = posix.join(home, part)
    if (!(await fileSystem.exists(path))) continue
    present.push(part)
    const found = await filesBelow(files, await fileSystem.getFileStatus(path))
    for (let i = 0; i < found.length; i += CONCURRENT) {
      const some = found.slice(i, i + CONCURRENT)
      const contents = await Promise.all(some.map((file) => contentOf(files, file)))
      for (const [index, file] of some.entries()) {
        const content = contents[index]!
        hash.update(`\n${posix.relative(home, file.path)}\0`).update(content)
        // Without it content could look like the name of the next file.
        hash.update(`\0${content.length}`)
      }
    }
  }
  return { hash: hash.digest('hex'), parts: present }
}

/**
 * Parts of an installation as a gzipped tar archive. Reads the disk of this machine.
 *
 * @param topFolder of all that is in it; default: the parts are at the top
 * @throws Error of the disk if a part is not there, or vanishes meanwhile
 */
export async function* packInstallation(
  home: string,
  parts: readonly string[],
  topFolder?: string,
): AsyncGenerator<Uint8Array> {
  const options = {
    cwd: home,
    gzip: { level: 6 },
    portable: true,
    noMtime: true,
    ...(topFolder === undefined ? {} : { prefix: topFolder }),
  }
  // Most clients find one that was packed before.
  const { create } = await import('tar')
  const archive = create(options, [...parts])
  // Files may vanish while nobody waits for the next piece: whoever asks for it then is told.
  archive.on('error', () => {})
  try {
    for await (const chunk of archive) yield chunk
  } finally {
    // Otherwise files stay open if nobody wants the rest.
    archive.resume()
  }
}

/** In the order of their paths. */
async function filesBelow(files: FileSystems, status: FileStatus): Promise<FileStatus[]> {
  if (!status.isDirectory) return [status]
  const children = await files.forPath(status.path).list(status.path)
  return (await Promise.all(children.map((child) => filesBelow(files, child)))).flat()
}

/** There are hundreds of small files: each is read by one call. */
async function contentOf(
  files: FileSystems,
  { path, lengthBytes }: FileStatus,
): Promise<Uint8Array> {
  const content = new Uint8Array(Number(lengthBytes))
  const stream = await files.forPath(path).open(path)
  try {
    let length = 0
    while (length < content.length) {
      const read = await stream.read(content.subarray(length), length)
      // It has become shorter meanwhile.
      if (read === 0) return content.subarray(0, length)
      length += read
    }
    return content
  } finally {
    await stream.close()
  }
}
