import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FLINK_TS_VERSION, type Logger } from '@flink-ts/core'
import { type InstallationContent, packInstallation } from '@flink-ts/installation'
import { hashInName, type LocalArtifact } from './artifact.js'

export interface InstallationArchiveOptions {
  readonly home: string
  readonly content: InstallationContent
  /** Of all that is in it. */
  readonly topFolder: string
  /** Where the archive is kept. */
  readonly folder: string
  readonly log: Logger
}

/** An installation as an archive, packed once when it is first wanted. */
export class InstallationArchive implements LocalArtifact {
  readonly name: string
  readonly contentType = 'application/gzip'
  readonly #options: InstallationArchiveOptions
  readonly #path: string
  /** With its digest. */
  #packed: Promise<string> | undefined

  constructor(options: InstallationArchiveOptions) {
    const { content, folder } = options
    this.#options = options
    this.name = `flink-ts-${FLINK_TS_VERSION}-${hashInName(content.hash)}.tgz`
    this.#path = join(folder, this.name)
  }

  async file(): Promise<string> {
    await this.digest()
    return this.#path
  }

  digest(): Promise<string> {
    this.#packed ??= this.#pack()
    return this.#packed
  }

  async settled(): Promise<void> {
    // Whoever asked for it is told.
    await this.#packed?.catch(() => {})
  }

  async #pack(): Promise<string> {
    const { home, content, topFolder, log } = this.#options
    const unfinished = `${this.#path}.unfinished`
    const hash = createHash('sha256')
    const output = createWriteStream(unfinished, { mode: 0o600 })
    try {
      await pipeline(
        packInstallation(home, content.parts, topFolder),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk)
            yield chunk
          }
        },
        output,
      )
      await rename(unfinished, this.#path)
    } catch (error) {
      // It may still be being opened.
      if (!output.closed) await new Promise<void>((resolve) => void output.once('close', resolve))
      try {
        await rm(unfinished, { force: true })
      } finally {
        // Whoever wants it next tries again, which writes the same file.
        this.#packed = undefined
      }
      throw error
    }
    log.info('Packed the installation for agents', { home, archive: this.name })
    return hash.digest('hex')
  }
}
