import { type Clock, FileNotFoundError, type Logger, type Random } from '@flink-ts/core'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import type { ResourceKind, StagedFiles } from './staged-files.js'

/** After so long nobody uploads any more what is not whole. */
const ABANDONED_MS = 24 * 3_600_000
const UPLOADING = '.uploading'

export interface ContentCacheOptions {
  /** URL of its folder. */
  readonly folder: string
  readonly files: StagedFiles
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Something large that many applications use, such as an installation. */
export interface CachedContent extends ResourceKind {
  /** Names it and its content: a hash is in it. */
  readonly name: string
  /** Of the file, such as `.tgz`: by it YARN knows how to unpack an archive. */
  readonly suffix: string
  /** Called if nobody has uploaded it yet. */
  readonly content: () => AsyncIterable<Uint8Array>
}

/**
 * Files that are uploaded once and used by all applications of a user, by what they contain: `<folder>/<name>/<uuid><suffix>`.
 * Nothing is ever replaced, because containers that are about to start insist on size and age of their files: of several clients
 * that upload the same at a time each keeps its own, and everybody after them takes the first by name.
 */
export class ContentCache {
  /** URL. */
  readonly folder: string
  readonly #options: ContentCacheOptions

  constructor(options: ContentCacheOptions) {
    this.#options = options
    this.folder = options.folder
  }

  /** @returns the file, and whether it had to be uploaded */
  async provide(
    item: CachedContent,
  ): Promise<{ readonly resource: LocalResource; readonly isUploaded: boolean }> {
    const { files, random, folder } = this.#options
    const own = `${folder}/${item.name}`
    const found = await this.#find(own, item.suffix)
    if (found !== undefined) {
      return { resource: await files.resource(found, item), isUploaded: false }
    }
    const target = `${own}/${random.uuid()}${item.suffix}`
    const temporary = `${target}${UPLOADING}`
    const fileSystem = files.on(own)
    await fileSystem.mkdirs(own, { permissions: 0o700 })
    try {
      await files.write(temporary, item.content())
      await fileSystem.rename(temporary, target)
    } catch (error) {
      await fileSystem.delete(temporary, { recursive: false }).catch((problem: unknown) => {
        this.#options.log.warn('Could not remove an unfinished upload', {
          path: temporary,
          error: problem,
        })
      })
      throw error
    }
    return { resource: await files.resource(target, item), isUploaded: true }
  }

  async #find(folder: string, suffix: string): Promise<string | undefined> {
    const { files, clock } = this.#options
    try {
      const found = await files.on(folder).list(folder)
      for (const { path, modificationTimeMs } of found) {
        const isAbandoned = clock.now() - modificationTimeMs > ABANDONED_MS
        if (path.endsWith(UPLOADING) && isAbandoned) {
          await files.on(path).delete(path, { recursive: false })
        }
      }
      return found
        .map(({ path }) => path)
        .find((path) => path.endsWith(suffix) && !path.endsWith(UPLOADING))
    } catch (error) {
      if (error instanceof FileNotFoundError) return undefined
      throw error
    }
  }
}
