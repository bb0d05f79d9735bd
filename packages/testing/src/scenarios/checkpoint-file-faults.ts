import {
  type FileOutputStream,
  FileSystemError,
  type InMemoryFileSystem,
  type Random,
  type RecoverableOutputStream,
} from '@flink-ts/core'
import type { FaultCounts } from '../simulation/nemesis/fault-counts.js'

/** Writing below a folder fails now and then, half-way or at its end, until {@link stop}. */
export class CheckpointFileFaults {
  readonly #random: Random
  readonly #folder: string
  readonly #probability: number
  readonly #undo: () => void
  /** Files whose bytes are not what was written. */
  readonly #damaged = new Set<string>()
  readonly #counts: FaultCounts

  constructor(
    files: InMemoryFileSystem,
    options: {
      readonly folder: string
      readonly random: Random
      readonly probability: number
      readonly counts: FaultCounts
    },
  ) {
    this.#random = options.random
    this.#folder = options.folder
    this.#probability = options.probability
    this.#counts = options.counts
    const { create, createResumableWriter } = files
    files.create = async (path, mode) => {
      if (!path.includes(`${this.#folder}/`)) return create.call(files, path, mode)
      this.#mayFail(path)
      return this.#failing(path, await create.call(files, path, mode))
    }
    files.createResumableWriter = () => {
      const writer = createResumableWriter.call(files)
      return {
        open: async (path) => this.#failingHidden(path, await writer.open(path)),
        recover: (state) => writer.recover(state),
        commit: (state) => writer.commit(state),
        cleanup: (state) => writer.cleanup(state),
      }
    }
    this.#undo = () => {
      files.create = create
      files.createResumableWriter = createResumableWriter
    }
  }

  stop(): void {
    this.#undo()
  }

  /**
   * Changes a bit of a file of each checkpoint that can be restored, but of one: the oldest that is whole.
   *
   * @param checkpoints folders, any order
   */
  async damageNewest(files: InMemoryFileSystem, checkpoints: readonly string[]): Promise<void> {
    const byAge = [...checkpoints].sort((a, b) => numberOf(a) - numberOf(b))
    const whole = byAge.filter((folder) => !this.#damaged.has(folder))
    for (const folder of whole.slice(1)) {
      const found = (await files.list(folder)).filter(({ path }) => !/\/_\w+$/.test(path))
      const [first] = found
      if (first === undefined || first.lengthBytes === 0n) continue
      const bytes = new Uint8Array(Number(first.lengthBytes))
      const stream = await files.open(first.path)
      await stream.read(bytes, 0)
      await stream.close()
      const at = this.#random.nextInt(bytes.length)
      bytes[at] = bytes[at]! ^ (1 << this.#random.nextInt(8))
      const target = await files.create(first.path, 'overwrite')
      await target.write(bytes)
      await target.close()
      this.#damaged.add(folder)
      this.#counts.add('checkpoint file damaged')
    }
  }

  #mayFail(path: string): void {
    if (this.#random.next() >= this.#probability) return
    this.#counts.add('checkpoint file not written')
    throw new FileSystemError(`Cannot write ${path}: no space left on device`, { path })
  }

  #failing(path: string, stream: FileOutputStream): FileOutputStream {
    return {
      write: async (bytes) => {
        await stream.write(bytes.subarray(0, bytes.length >> 1))
        this.#mayFail(path)
        await stream.write(bytes.subarray(bytes.length >> 1))
      },
      sync: async () => {
        this.#mayFail(path)
        await stream.sync()
      },
      close: () => stream.close(),
    }
  }

  #failingHidden(path: string, stream: RecoverableOutputStream): RecoverableOutputStream {
    if (!path.includes(`${this.#folder}/`)) return stream
    return {
      get positionBytes() {
        return stream.positionBytes
      },
      write: async (bytes) => {
        this.#mayFail(path)
        await stream.write(bytes)
      },
      persist: () => stream.persist(),
      closeForCommit: async () => {
        this.#mayFail(path)
        return stream.closeForCommit()
      },
      discard: () => stream.discard(),
    }
  }
}

function numberOf(folder: string): number {
  return Number(/chk-(\d+)$/.exec(folder)?.[1] ?? 0)
}
