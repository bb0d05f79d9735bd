import type {
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  RecoverableOutputStream,
  ResumableWriter,
  ResumeRecoverable,
} from '@flink-ts/core'

/** What a process does to files: `before` it is done, and `after`. */
export interface FileObserver {
  onFileOperation(process: string, operation: string, moment: 'before' | 'after'): void
}

export interface ProcessFileSystemOptions {
  readonly fileSystem: FileSystem
  /** Name. */
  readonly process: string
  readonly isAlive: () => boolean
  readonly observers: ReadonlySet<FileObserver>
}

/** Common files as one process has them: when it is dead nothing of it reaches them any more, and nobody there hears. */
export class ProcessFileSystem implements FileSystem {
  readonly #options: ProcessFileSystemOptions

  constructor(options: ProcessFileSystemOptions) {
    this.#options = options
  }

  get scheme(): string {
    return this.#options.fileSystem.scheme
  }

  getFileStatus(path: string): Promise<FileStatus> {
    return this.#look(() => this.#options.fileSystem.getFileStatus(path))
  }

  exists(path: string): Promise<boolean> {
    return this.#look(() => this.#options.fileSystem.exists(path))
  }

  list(path: string): Promise<FileStatus[]> {
    return this.#look(() => this.#options.fileSystem.list(path))
  }

  open(path: string): Promise<FileInputStream> {
    return this.#look(async () => {
      const stream = await this.#options.fileSystem.open(path)
      return {
        read: (target, position) => this.#look(() => stream.read(target, position)),
        close: () => stream.close(),
      }
    })
  }

  create(path: string, mode: 'overwrite' | 'exclusive'): Promise<FileOutputStream> {
    return this.#change(`create ${path}`, async () => {
      const stream = await this.#options.fileSystem.create(path, mode)
      return {
        write: (bytes) => this.#change(`write ${path}`, () => stream.write(bytes)),
        sync: () => this.#look(() => stream.sync()),
        close: () => this.#look(() => stream.close()),
      }
    })
  }

  mkdirs(path: string): Promise<void> {
    return this.#change(`make folder ${path}`, () => this.#options.fileSystem.mkdirs(path))
  }

  delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    return this.#change(`delete ${path}`, () => this.#options.fileSystem.delete(path, options))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(`rename ${from} to ${to}`, () => this.#options.fileSystem.rename(from, to))
  }

  createResumableWriter(): ResumableWriter {
    const writer = this.#options.fileSystem.createResumableWriter()
    const wrap = (path: string, stream: RecoverableOutputStream): RecoverableOutputStream => ({
      get positionBytes() {
        return stream.positionBytes
      },
      write: (bytes) => this.#change(`write ${path}`, () => stream.write(bytes)),
      persist: () => this.#change(`persist ${path}`, () => stream.persist()),
      closeForCommit: () => this.#change(`close ${path}`, () => stream.closeForCommit()),
      discard: () => this.#change(`discard ${path}`, () => stream.discard()),
    })
    const keep = writer.keep?.bind(writer)
    return {
      open: async (path) => wrap(path, await this.#change(`open ${path}`, () => writer.open(path))),
      recover: async (state: ResumeRecoverable, path?: string) => {
        const recover = () =>
          path === undefined ? writer.recover(state) : writer.recover(state, path)
        return wrap(path ?? 'a file', await this.#change('recover a file', recover))
      },
      ...(keep && { keep: (state) => this.#change('keep a file', () => keep(state)) }),
      commit: (state) => this.#change('commit a file', () => writer.commit(state)),
      cleanup: (state) => this.#change('clean up a file', () => writer.cleanup(state)),
    }
  }

  #look<T>(run: () => Promise<T>): Promise<T> {
    return this.#options.isAlive() ? this.#survive(run()) : new Promise(() => {})
  }

  #change<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const { isAlive } = this.#options
    if (!isAlive()) return new Promise(() => {})
    this.#tell(operation, 'before')
    if (!isAlive()) return new Promise(() => {})
    const done = run().then((value) => {
      if (isAlive()) this.#tell(operation, 'after')
      return value
    })
    return this.#survive(done)
  }

  #survive<T>(done: Promise<T>): Promise<T> {
    const { isAlive } = this.#options
    return new Promise((resolve, reject) => {
      done.then(
        (value) => {
          if (isAlive()) resolve(value)
        },
        (error) => {
          if (isAlive()) reject(error)
        },
      )
    })
  }

  #tell(operation: string, moment: 'before' | 'after'): void {
    const { observers, process } = this.#options
    for (const observer of observers) observer.onFileOperation(process, operation, moment)
  }
}
