import type {
  FileCreation,
  FileInputStream,
  FileOutputStream,
  FileStatus,
  FileSystem,
  RecoverableOutputStream,
  ResumableWriter,
  ResumeRecoverable,
} from './file-system.js'

/** A file system that is loaded when it is first used. A load that failed is tried again with the next call. */
export class LazyFileSystem implements FileSystem {
  readonly scheme: string
  readonly #load: () => Promise<FileSystem>
  #loaded: Promise<FileSystem> | undefined

  constructor(scheme: string, load: () => Promise<FileSystem>) {
    this.scheme = scheme
    this.#load = load
  }

  async getFileStatus(path: string): Promise<FileStatus> {
    return (await this.#get()).getFileStatus(path)
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#get()).exists(path)
  }

  async list(path: string): Promise<FileStatus[]> {
    return (await this.#get()).list(path)
  }

  async open(path: string): Promise<FileInputStream> {
    return (await this.#get()).open(path)
  }

  async create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream> {
    return (await this.#get()).create(path, mode, creation)
  }

  async mkdirs(path: string, creation?: FileCreation): Promise<void> {
    return (await this.#get()).mkdirs(path, creation)
  }

  async delete(path: string, options: { recursive: boolean }): Promise<boolean> {
    return (await this.#get()).delete(path, options)
  }

  async rename(from: string, to: string): Promise<void> {
    return (await this.#get()).rename(from, to)
  }

  createResumableWriter(): ResumableWriter {
    const writer = async () => (await this.#get()).createResumableWriter()
    return {
      async open(path: string): Promise<RecoverableOutputStream> {
        return (await writer()).open(path)
      },
      async recover(state: ResumeRecoverable, path?: string): Promise<RecoverableOutputStream> {
        const loaded = await writer()
        return path === undefined ? loaded.recover(state) : loaded.recover(state, path)
      },
      async keep(state: ResumeRecoverable): Promise<void> {
        await (await writer()).keep?.(state)
      },
      async commit(state: ResumeRecoverable): Promise<void> {
        return (await writer()).commit(state)
      },
      async cleanup(state: ResumeRecoverable): Promise<void> {
        return (await writer()).cleanup(state)
      },
    }
  }

  async #get(): Promise<FileSystem> {
    this.#loaded ??= this.#load()
    try {
      return await this.#loaded
    } catch (error) {
      this.#loaded = undefined
      throw error
    }
  }
}
