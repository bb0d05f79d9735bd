import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FLINK_TS_VERSION, type Logger } from '@flink-ts/core'
import { type InstallationContent, packInstallation } from '@flink-ts/installation'
import type { Artifact } from './artifact.js'

/** The program of Node.js that runs the JobManager. */
export async function nodeArtifact(program: string): Promise<Artifact> {
  return {
    name: `node-${shortHash(await hashOf(program))}`,
    contentType: 'application/octet-stream',
    file: async () => program,
  }
}

export interface InstallationArtifactOptions {
  readonly home: string
  readonly content: InstallationContent
  /** Of all that is in it. */
  readonly topFolder: string
  /** Where the archive is kept. */
  readonly folder: string
  readonly log: Logger
}

/** An installation as an archive, packed once when it is first wanted. */
export function installationArtifact(options: InstallationArtifactOptions): Artifact {
  const { home, content, topFolder, folder, log } = options
  const name = `flink-ts-${FLINK_TS_VERSION}-${shortHash(content.hash)}.tgz`
  const path = join(folder, name)
  let packed: Promise<string> | undefined
  const pack = async () => {
    const unfinished = `${path}.unfinished`
    try {
      const target = createWriteStream(unfinished, { mode: 0o600 })
      await pipeline(packInstallation(home, content.parts, topFolder), target)
      await rename(unfinished, path)
    } catch (error) {
      // Whoever wants it next tries again.
      packed = undefined
      await rm(unfinished, { force: true })
      throw error
    }
    log.info('Packed the installation for agents', { home, archive: name })
    return path
  }
  return {
    name,
    contentType: 'application/gzip',
    file: () => {
      packed ??= pack()
      return packed
    },
  }
}

/** In pieces: a whole program would not be worth its memory. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

const shortHash = (hex: string) => hex.slice(0, 32)
