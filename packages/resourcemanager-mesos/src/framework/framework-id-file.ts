import type { FileSystem } from '@flink-ts/core'
import { frameworkIdFileUnusable } from './mesos-framework-error.js'

/** Whoever knows the id could take the framework over. */
const PRIVATE = 0o600
/** Master's id, a dash and a number. */
const MAX_BYTES = 1_024

/** The id of the framework in a file, for the next JobManager where no coordination service keeps it (`mesos.framework-id-file`). */
export class FrameworkIdFile {
  readonly #files: FileSystem
  readonly #path: string

  constructor(files: FileSystem, path: string) {
    this.#files = files
    this.#path = path
  }

  /**
   * Undefined if there is none.
   *
   * @throws FlinkError FLINK_MESOS_FRAMEWORK_ID_FILE if it cannot be read, or is something else
   */
  async read(): Promise<string | undefined> {
    const text = await this.#attempt('cannot be read', async () => {
      if (!(await this.#files.exists(this.#path))) return undefined
      const stream = await this.#files.open(this.#path)
      try {
        const bytes = new Uint8Array(MAX_BYTES)
        const length = await stream.read(bytes, 0)
        return Buffer.from(bytes.subarray(0, length)).toString().trim()
      } finally {
        await stream.close()
      }
    })
    if (text === undefined || /^[^\s\p{Cc}]+$/u.test(text)) return text
    throw frameworkIdFileUnusable(
      this.#path,
      'holds no id of a framework: remove it if it is not needed',
    )
  }

  /**
   * Tries whether it could be written, and leaves it as it is. Folders that are missing are made.
   *
   * @throws FlinkError FLINK_MESOS_FRAMEWORK_ID_FILE
   */
  async check(): Promise<void> {
    await this.#attempt('cannot be written', async () => {
      await this.#create('')
      await this.#files.delete(this.#temporary, { recursive: false })
    })
  }

  /**
   * At once or not at all, readable by its owner alone.
   *
   * @throws FlinkError FLINK_MESOS_FRAMEWORK_ID_FILE
   */
  async write(frameworkId: string): Promise<void> {
    await this.#attempt('cannot be written', async () => {
      await this.#create(`${frameworkId}\n`)
      await this.#files.rename(this.#temporary, this.#path)
    })
  }

  /** Idempotent. */
  async remove(): Promise<void> {
    await this.#attempt('cannot be removed', () =>
      this.#files.delete(this.#path, { recursive: false }),
    )
  }

  get #temporary(): string {
    return `${this.#path}.new`
  }

  async #create(text: string): Promise<void> {
    await this.#files.delete(this.#temporary, { recursive: false })
    const stream = await this.#files.create(this.#temporary, 'exclusive', { permissions: PRIVATE })
    try {
      await stream.write(Buffer.from(text))
      await stream.sync()
    } finally {
      await stream.close()
    }
  }

  async #attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      throw frameworkIdFileUnusable(this.#path, what, cause)
    }
  }
}
