import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { FileStatus } from '@flink-ts/core'
import { create } from 'tar'
import type { StagedFiles } from './staged-files.js'

/** What containers need of an installation: no configuration, which may hold secrets, and no programs of users. */
const PARTS = ['lib', 'LICENSE']
const CONCURRENT = 16

/** What of an installation goes into its archive. */
export interface InstallationContent {
  /** Over names and contents. */
  readonly hash: string
  readonly parts: readonly string[]
}

/** @param home folder of an installation, as `npm run dist` makes it */
export async function installationContent(
  files: StagedFiles,
  home: string,
): Promise<InstallationContent> {
  const hash = createHash('sha256')
  const parts: string[] = []
  for (const part of PARTS) {
    const path = posix.join(home, part)
    if (!(await files.on(path).exists(path))) continue
    parts.push(part)
    const found = await filesBelow(files, await files.on(path).getFileStatus(path))
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
  return { hash: hash.digest('hex'), parts }
}

/** Parts of an installation as a gzipped tar archive, at the top of it. Reads the disk of this machine. */
export async function* packInstallation(
  home: string,
  parts: readonly string[],
): AsyncGenerator<Uint8Array> {
  const options = { cwd: home, gzip: { level: 6 }, portable: true, noMtime: true }
  for await (const chunk of create(options, [...parts])) yield chunk
}

/** In the order of their paths. */
async function filesBelow(files: StagedFiles, status: FileStatus): Promise<FileStatus[]> {
  if (!status.isDirectory) return [status]
  const children = await files.on(status.path).list(status.path)
  return (await Promise.all(children.map((child) => filesBelow(files, child)))).flat()
}

/** There are hundreds of small files: each is read by one call. */
async function contentOf(
  files: StagedFiles,
  { path, lengthBytes }: FileStatus,
): Promise<Uint8Array> {
  const content = new Uint8Array(Number(lengthBytes))
  const stream = await files.on(path).open(path)
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
