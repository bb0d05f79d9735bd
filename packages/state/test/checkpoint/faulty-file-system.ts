import type { FileOutputStream, FileSystem, RecoverableOutputStream } from '@flink-ts/core'

/** What happens to the operation with the number `at`: not done, half done, or done without anybody hearing of it. */
export interface Fault {
  readonly at: number
  readonly how: 'refused' | 'cut' | 'unheard'
  /** Everything afterwards fails too: the process has died. */
  readonly isCrash: boolean
}

/** The fault that was asked for. */
export class InjectedFaultError extends Error {
  override readonly name = 'InjectedFaultError'
}

/** A file system of which one operation goes wrong. Counts operations that change something. */
export class FaultyFileSystem implements FileSystem {
  readonly scheme: string
  operations = 0
  readonly #inner: FileSystem
  readonly #fault: Fault | undefined
  #crashed = false

  constructor(inner: FileSystem, fault?: Fault) {
    this.#inner = inner
    this.#fault = fault
    this.scheme = inner.scheme
  }

  getFileStatus = (path: string) => this.#alive(() => this.#inner.getFileStatus(path))
  exists = (path: string) => this.#alive(() => this.#inner.exists(path))
  list = (path: string) => this.#alive(() => this.#inner.list(path))
  open = (path: string) => this.#alive(() => this.#inner.open(path))
  mkdirs = (path: string) => this.#change(() => this.#inner.mkdirs(path))
  rename = (from: string, to: string) => this.#change(() => this.#inner.rename(from, to))

  delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    const half = async () => {
      // A folder is removed file by file on most file systems.
      if (!options.recursive || !(await this.#inner.exists(path))) return
      for (const child of (await this.#inner.list(path)).slice(0, 1)) {
        await this.#inner.delete(child.path, { recursive: true })
      }
    }
    return this.#change(() => this.#inner.delete(path, options), half)
  }

  async create(path: string, mode: 'overwrite' | 'exclusive'): Promise<FileOutputStream> {
    const stream = await this.#change(() => this.#inner.create(path, mode))
    return {
      write: (bytes) => this.#write(stream, bytes),
      sync: () => this.#change(() => stream.sync()),
      close: () => this.#change(() => stream.close()),
    }
  }

  createResumableWriter() {
    const inner = this.#inner.createResumableWriter()
    const wrap = (stream: RecoverableOutputStream): RecoverableOutputStream => ({
      get positionBytes() {
        return stream.positionBytes
      },
      write: (bytes) => this.#write(stream, bytes),
      persist: () => this.#change(() => stream.persist()),
      closeForCommit: () => this.#change(() => stream.closeForCommit()),
      discard: () => this.#change(() => stream.discard()),
    })
    return {
      open: async (path: string) => wrap(await this.#change(() => inner.open(path))),
      recover: async (state: never) => wrap(await this.#change(() => inner.recover(state))),
      commit: (state: never) => this.#change(() => inner.commit(state)),
      cleanup: (state: never) => this.#change(() => inner.cleanup(state)),
    }
  }

  #write(stream: { write(bytes: Uint8Array): Promise<void> }, bytes: Uint8Array): Promise<void> {
    const half = () => stream.write(bytes.subarray(0, bytes.length >> 1))
    return this.#change(() => stream.write(bytes), half)
  }

  async #alive<T>(run: () => Promise<T>): Promise<T> {
    if (this.#crashed) throw new InjectedFaultError('the process has died')
    return run()
  }

  async #change<T>(run: () => Promise<T>, half?: () => Promise<void>): Promise<T> {
    return this.#alive(async () => {
      const fault = this.#fault
      if (this.operations++ !== fault?.at) return run()
      this.#crashed = fault.isCrash
      if (fault.how === 'cut') await half?.()
      if (fault.how === 'unheard') await run()
      throw new InjectedFaultError(`operation ${fault.at} was ${fault.how}`)
    })
  }
}
