import type {
  FileCreation,
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  ResumableWriter,
} from '@flink-ts/core'

/** Asks before (`false`) and after (`true`) each operation of the file system within. */
export class FaultyFiles implements FileSystem {
  readonly scheme: string
  readonly #inner: FileSystem
  readonly #check: (operation: string, isDone: boolean) => void

  constructor(inner: FileSystem, check: (operation: string, isDone: boolean) => void) {
    this.scheme = inner.scheme
    this.#inner = inner
    this.#check = check
  }

  getFileStatus(path: string): Promise<FileStatus> {
    return this.#do(`getFileStatus ${path}`, () => this.#inner.getFileStatus(path))
  }

  exists(path: string): Promise<boolean> {
    return this.#do(`exists ${path}`, () => this.#inner.exists(path))
  }

  list(path: string): Promise<FileStatus[]> {
    return this.#do(`list ${path}`, () => this.#inner.list(path))
  }

  open(path: string): Promise<FileInputStream> {
    return this.#do(`open ${path}`, () => this.#inner.open(path))
  }

  async create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream> {
    const stream = await this.#do(`create ${path}`, () => this.#inner.create(path, mode, creation))
    return {
      write: (bytes) => this.#do(`write ${path}`, () => stream.write(bytes)),
      sync: () => stream.sync(),
      close: () => this.#do(`close ${path}`, () => stream.close()),
    }
  }

  mkdirs(path: string, creation?: FileCreation): Promise<void> {
    return this.#do(`mkdirs ${path}`, () => this.#inner.mkdirs(path, creation))
  }

  delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    return this.#do(`delete ${path}`, () => this.#inner.delete(path, options))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do(`rename ${from}`, () => this.#inner.rename(from, to))
  }

  createResumableWriter(): ResumableWriter {
    return this.#inner.createResumableWriter()
  }

  async #do<T>(operation: string, action: () => Promise<T>): Promise<T> {
    this.#check(operation, false)
    const result = await action()
    this.#check(operation, true)
    return result
  }
}
