import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { create } from 'tar'
import type { StagedFiles } from './staged-files.js'

/** What containers need of an installation: no configuration, which may hold secrets, and no programs of users. */
const PARTS = ['lib', 'LICENSE']

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
    for await (const file of filesBelow(files, path)) {
      let length = 0
      hash.update(`\n${posix.relative(home, file)}\0`)
      for await (const chunk of files.read(file)) {
        hash.update(chunk)
        length += chunk.length
      }
      // Without it content could look like the name of the next file.
      hash.update(`\0${length}`)
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

async function* filesBelow(files: StagedFiles, path: string): AsyncGenerator<string> {
  const status = await files.on(path).getFileStatus(path)
  if (!status.isDirectory) {
    yield path
    return
  }
  for (const child of await files.on(path).list(path)) {
    if (child.isDirectory) yield* filesBelow(files, child.path)
    else yield child.path
  }
}
