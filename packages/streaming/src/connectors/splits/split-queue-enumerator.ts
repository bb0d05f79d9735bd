import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from '@flink-ts/core'

/** What a {@link SplitQueueEnumerator} restores from; absent splits have not been found yet. */
export interface SplitQueueCheckpoint<SplitT> {
  readonly remaining?: readonly SplitT[]
}

/** How the splits of a source are found, once. */
export type SplitDiscovery<SplitT> = () => readonly SplitT[] | Promise<readonly SplitT[]>

/**
 * Finds all splits at the start and gives them to the readers that ask, one at a time, in order: fast readers get
 * more of them. A failed discovery is thrown in the enumerator's own turn, which fails the job.
 */
export class SplitQueueEnumerator<SplitT extends SourceSplit>
  implements SplitEnumerator<SplitT, SplitQueueCheckpoint<SplitT>>
{
  readonly #context: SplitEnumeratorContext<SplitT>
  readonly #discover: SplitDiscovery<SplitT>
  #remaining: SplitT[] | undefined
  /** Came back before the splits were found. */
  #returned: SplitT[] = []
  /** Asked before the splits were found. */
  readonly #waiting = new Set<number>()

  constructor(
    context: SplitEnumeratorContext<SplitT>,
    discover: SplitDiscovery<SplitT>,
    checkpoint?: SplitQueueCheckpoint<SplitT>,
  ) {
    this.#context = context
    this.#discover = discover
    if (checkpoint?.remaining !== undefined) this.#remaining = [...checkpoint.remaining]
  }

  start(): void {
    if (this.#remaining !== undefined) return
    const found = this.#discover()
    if (!(found instanceof Promise)) {
      this.#found(found)
      return
    }
    this.#context.callAsync(
      () => found,
      (splits, error) => {
        if (splits === undefined) throw error
        this.#found(splits)
      },
    )
  }

  handleSplitRequest(subtaskId: number): void {
    if (this.#remaining === undefined) {
      this.#waiting.add(subtaskId)
      return
    }
    const split = this.#remaining.shift()
    if (split === undefined) this.#context.signalNoMoreSplits(subtaskId)
    else this.#context.assignSplit(split, subtaskId)
  }

  addSplitsBack(splits: SplitT[]): void {
    if (this.#remaining === undefined) this.#returned.push(...splits)
    else this.#remaining.unshift(...splits)
  }

  addReader(): void {}

  snapshotState(): SplitQueueCheckpoint<SplitT> {
    return this.#remaining === undefined ? {} : { remaining: [...this.#remaining] }
  }

  close(): void {}

  #found(splits: readonly SplitT[]): void {
    this.#remaining = [...this.#returned, ...splits]
    this.#returned = []
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    // Whoever is gone meanwhile asks again when it is back.
    const registered = this.#context.registeredReaders()
    for (const subtaskId of waiting) {
      if (registered.has(subtaskId)) this.handleSplitRequest(subtaskId)
    }
  }
}
