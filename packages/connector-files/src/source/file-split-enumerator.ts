import type { FileStatus, SplitEnumerator, SplitEnumeratorContext } from '@flink-ts/core'
import { divideTextFiles, type TextFileSplit } from '@flink-ts/streaming'
import { findFiles } from './find-files.js'

/** What a {@link FileSplitEnumerator} restores from. JSON. */
export interface FileSourceCheckpoint {
  /** Found, and given to nobody. */
  readonly remaining: readonly TextFileSplit[]
  /** Paths of all files that were found; undefined: it has not been looked for any. */
  readonly found?: readonly string[]
}

/** What a file source reads. JSON. */
export interface FileSourceConfig {
  /** Absolute paths or URIs of files and folders, or patterns of them. */
  readonly paths: readonly string[]
  /** How long after one search for new files the next one begins; undefined: there is one search only. */
  readonly monitorIntervalMs?: number
}

/**
 * Finds files, divides them into splits and gives those to the readers that ask, one at a time: fast readers get more
 * of them. Each path is found once, also over restores. What fails is thrown in the enumerator's own turn, which fails
 * the job.
 */
export class FileSplitEnumerator implements SplitEnumerator<TextFileSplit, FileSourceCheckpoint> {
  readonly #context: SplitEnumeratorContext<TextFileSplit>
  readonly #config: FileSourceConfig
  #remaining: TextFileSplit[]
  #found: Set<string> | undefined
  /** Subtasks that asked when there was no split. */
  readonly #waiting = new Set<number>()

  constructor(
    context: SplitEnumeratorContext<TextFileSplit>,
    config: FileSourceConfig,
    checkpoint?: FileSourceCheckpoint,
  ) {
    this.#context = context
    this.#config = config
    this.#remaining = [...(checkpoint?.remaining ?? [])]
    if (checkpoint?.found !== undefined) this.#found = new Set(checkpoint.found)
  }

  start(): void {
    const { paths, monitorIntervalMs } = this.#config
    if (monitorIntervalMs === undefined && this.#found !== undefined) return
    this.#context.callAsync(
      () => findFiles(this.#context.fileSystems, paths),
      (files, error) => {
        if (files === undefined) throw error
        this.#add(files)
      },
      monitorIntervalMs,
    )
  }

  handleSplitRequest(subtaskId: number): void {
    const split = this.#remaining.shift()
    if (split !== undefined) this.#context.assignSplit(split, subtaskId)
    else if (this.#hasAll) this.#context.signalNoMoreSplits(subtaskId)
    else this.#waiting.add(subtaskId)
  }

  addSplitsBack(splits: TextFileSplit[]): void {
    this.#remaining.unshift(...splits)
    this.#serveWaiting()
  }

  addReader(): void {}

  snapshotState(): FileSourceCheckpoint {
    const remaining = [...this.#remaining]
    return this.#found === undefined ? { remaining } : { remaining, found: [...this.#found] }
  }

  close(): void {}

  /** No split will be found any more. */
  get #hasAll(): boolean {
    return this.#found !== undefined && this.#config.monitorIntervalMs === undefined
  }

  #add(files: readonly FileStatus[]): void {
    this.#found ??= new Set()
    const added = files.filter(({ path }) => !this.#found!.has(path))
    for (const { path } of added) this.#found.add(path)
    this.#remaining.push(...divideTextFiles(added, this.#context.currentParallelism()))
    this.#serveWaiting()
  }

  #serveWaiting(): void {
    // Whoever is gone meanwhile asks again when it is back.
    const registered = this.#context.registeredReaders()
    for (const subtaskId of [...this.#waiting]) {
      if (this.#remaining.length === 0 && !this.#hasAll) return
      this.#waiting.delete(subtaskId)
      if (registered.has(subtaskId)) this.handleSplitRequest(subtaskId)
    }
  }
}
