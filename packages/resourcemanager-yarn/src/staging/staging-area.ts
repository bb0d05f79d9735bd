import {
  type Clock,
  FileNotFoundError,
  FlinkError,
  type Logger,
  type Random,
  schemeOf,
} from '@flink-ts/core'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import { allOrFirstError } from './all-or-first-error.js'
import { ContentCache } from './content-cache.js'
import type { ResourceKind, StagedFiles } from './staged-files.js'
import { StagingError } from './staging-error.js'

const FOLDER = '.flink-ts'
const PRIVATE_FOLDER = { permissions: 0o700 } as const
const APPLICATION = /^application_\d+_\d+$/
/** Of file systems from which nodes get files by themselves. */
export const STAGING_SCHEMES: readonly string[] = ['hdfs', 'webhdfs', 'file']

export interface StagingAreaOptions {
  /** URL of the folder that `.flink-ts` is made in. */
  readonly base: string
  /** Whether `base` is this user's folder in one that others use as well. */
  readonly isConfigured?: boolean
  readonly files: StagedFiles
  readonly userName: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A file that is not there yet. */
export interface PreparedFile {
  readonly resource: LocalResource
  /** Puts it there; once. @throws StagingError */
  upload(): Promise<void>
}

/** A folder of an application that is left over, perhaps. */
export interface LeftOver {
  readonly applicationId: string
  readonly url: string
  /** Milliseconds since the epoch when something was last put there. */
  readonly lastChangedMs: number
}

/** Where the files of a user's applications are: `<base>/.flink-ts/<application id>/`, and `cache/` beside them. */
export class StagingArea {
  readonly cache: ContentCache
  readonly #options: StagingAreaOptions
  readonly #root: string

  /** @throws FlinkError FLINK_YARN_CONFIGURATION for a file system from which YARN gets no files by itself */
  constructor(options: StagingAreaOptions) {
    const { base, files, clock, random, log } = options
    const scheme = schemeOf(base)
    if (scheme === undefined || !STAGING_SCHEMES.includes(scheme)) {
      throw new FlinkError(
        `Cannot stage files in ${base}: expected hdfs://…, webhdfs://… or file://… (on a disk that all nodes share); set yarn.staging-directory`,
        { code: 'FLINK_YARN_CONFIGURATION' },
      )
    }
    this.#options = options
    this.#root = `${base.replace(/\/+$/, '')}/${FOLDER}`
    this.cache = new ContentCache({ folder: `${this.#root}/cache`, files, clock, random, log })
  }

  /** URL of the folder of an application. */
  folderOf(applicationId: string): string {
    return `${this.#root}/${applicationId}`
  }

  /** @throws StagingError */
  async create(applicationId: string): Promise<string> {
    const folder = this.folderOf(applicationId)
    const { files, base, isConfigured = false } = this.#options
    await this.explained('make the staging folder', folder, async () => {
      // Not with those permissions: a home that is made with it may be in a folder of everybody's.
      await files.on(base).mkdirs(base)
      await files.on(folder).mkdirs(folder, PRIVATE_FOLDER)
      await allOrFirstError([
        isConfigured ? this.#refuseOthers(base, 0o022) : undefined,
        this.#refuseOthers(this.#root, 0o022),
        this.#refuseOthers(folder, 0o077),
      ])
    })
    return folder
  }

  /** Puts a file there. @throws StagingError */
  async upload(
    url: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
    kind: ResourceKind,
  ): Promise<LocalResource> {
    return this.explained('upload', url, async () => {
      await this.#options.files.write(url, content)
      return this.#options.files.resource(url, kind)
    })
  }

  /**
   * A file that is about to be put there, as containers must be told of it: who tells them need not wait until it is there. Each wait
   * for HDFS counts, as it takes half a second when its DataNode is late to tell of a block.
   */
  prepare(url: string, content: Uint8Array, kind: ResourceKind): PreparedFile {
    const { files, clock } = this.#options
    const modificationTimeMs = clock.now()
    return {
      resource: { url, ...kind, size: content.length, timestamp: modificationTimeMs },
      upload: () =>
        this.explained('upload', url, () => files.write(url, content, { modificationTimeMs })),
    }
  }

  /**
   * Reads a small file of an application; undefined: there is none.
   *
   * @throws StagingError, also if others may look into its folder
   */
  async read(url: string): Promise<Uint8Array | undefined> {
    return this.explained('read', url, async () => {
      const chunks: Uint8Array[] = []
      try {
        await this.#refuseOthers(url.slice(0, url.lastIndexOf('/')), 0o077)
        for await (const chunk of this.#options.files.read(url)) chunks.push(chunk)
      } catch (error) {
        if (error instanceof FileNotFoundError) return undefined
        throw error
      }
      return Buffer.concat(chunks)
    })
  }

  /** Removes what was put there for an application. Idempotent. @throws StagingError */
  async remove(applicationId: string): Promise<void> {
    const folder = this.folderOf(applicationId)
    await this.explained('remove the staging folder', folder, () =>
      this.#options.files.on(folder).delete(folder, { recursive: true }),
    )
  }

  /** All folders of applications. @throws StagingError */
  async leftOvers(): Promise<readonly LeftOver[]> {
    return this.explained('list', this.#root, async () => {
      try {
        const found = await this.#options.files.on(this.#root).list(this.#root)
        return found.flatMap(({ path, isDirectory, modificationTimeMs }) => {
          const name = path.slice(path.lastIndexOf('/') + 1)
          if (!isDirectory || !APPLICATION.test(name)) return []
          return [{ applicationId: name, url: path, lastChangedMs: modificationTimeMs }]
        })
      } catch (error) {
        if (error instanceof FileNotFoundError) return []
        throw error
      }
    })
  }

  /** File systems here do not tell owners; but who gets at a folder that nobody but its owner may use is the owner. */
  async #refuseOthers(folder: string, bits: number): Promise<void> {
    const { mode } = await this.#options.files.on(folder).getFileStatus(folder)
    if ((mode & bits) === 0) return
    const may = bits === 0o022 ? 'write to' : 'look into'
    throw new FlinkError(
      `others may ${may} ${folder} (mode ${mode.toString(8)}), where the secret of a cluster is kept`,
      { code: 'FLINK_YARN_STAGING' },
    )
  }

  /** Errors of `action` say what was attempted (with `path`, if they do not) and what would help. */
  async explained<T>(attempt: string, path: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      if (error instanceof StagingError) throw error
      throw new StagingError(attempt, path, error, this.#options.userName)
    }
  }
}
