import type { FileCreation, FileSystem, FileSystems } from '@flink-ts/core'
import type {
  LocalResource,
  LocalResourceType,
  LocalResourceVisibility,
} from '@flink-ts/hadoop-rpc'

const FIRST_CHUNK_BYTES = 64 * 1024
/** The appends to a file in HDFS are so large; each opens and closes it. */
const CHUNK_BYTES = 4 * 1024 * 1024
const PRIVATE_FILE = 0o600

/** How containers see a file. */
export interface ResourceKind {
  readonly type: LocalResourceType
  readonly visibility: LocalResourceVisibility
}

export interface StagedFilesOptions {
  /** Copies of each file; otherwise as many as the file system makes. */
  readonly replication?: number
  /** When aborted, what is being copied ends with its reason. */
  readonly signal?: AbortSignal
}

/** Writes files where containers find them. */
export class StagedFiles {
  /** Those that it writes to and reads from. */
  readonly fileSystems: FileSystems
  readonly #creation: FileCreation
  readonly #signal: AbortSignal | undefined

  constructor(fileSystems: FileSystems, options: StagedFilesOptions = {}) {
    const { replication, signal } = options
    this.fileSystems = fileSystems
    this.#signal = signal
    this.#creation = {
      permissions: PRIVATE_FILE,
      // Files have names of their own: that one is there already is an error whenever it shows.
      isDeferred: true,
      ...(replication === undefined ? {} : { replication }),
    }
  }

  on(path: string): FileSystem {
    return this.fileSystems.forPath(path)
  }

  /** Writes a new file that its owner alone can read. @throws FileAlreadyExistsError if there is one */
  async write(
    url: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
    creation: Pick<FileCreation, 'modificationTimeMs'> = {},
  ): Promise<void> {
    const stream = await this.on(url).create(url, 'exclusive', { ...this.#creation, ...creation })
    try {
      if (content instanceof Uint8Array) await stream.write(content)
      else for await (const chunk of content) await stream.write(chunk)
    } catch (error) {
      // The first error counts; the file is removed by whoever made its name.
      await stream.close().catch(() => undefined)
      throw error
    }
    await stream.close()
  }

  /** The chunks of a file. */
  async *read(path: string): AsyncGenerator<Uint8Array> {
    const stream = await this.on(path).open(path)
    try {
      for (let position = 0; ; ) {
        // Most files are small.
        const chunk = Buffer.allocUnsafe(position === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES)
        const length = await stream.read(chunk, position)
        if (length === 0) return
        position += length
        this.#signal?.throwIfAborted()
        yield chunk.subarray(0, length)
      }
    } finally {
      await stream.close()
    }
  }

  /** The file as YARN must be told of it: exactly so large and so old, or no container starts. */
  async resource(url: string, { type, visibility }: ResourceKind): Promise<LocalResource> {
    const { lengthBytes, modificationTimeMs } = await this.on(url).getFileStatus(url)
    return { url, type, visibility, size: Number(lengthBytes), timestamp: modificationTimeMs }
  }
}
