/**
 * The splits that a reader was given and that it may have to be given again, in order. What a checkpoint covers is known by
 * its id: a reader that begins with it has what it was given before.
 */
export class AssignedSplits<SplitT> {
  /** Since the newest checkpoint began. */
  #current: SplitT[] = []
  /** Ascending: the checkpoint whose snapshot is the first to have them. */
  #earlier: { readonly checkpointId: bigint; readonly splits: SplitT[] }[] = []

  add(split: SplitT): void {
    this.#current.push(split)
  }

  /** A checkpoint begins. */
  cut(checkpointId: bigint): void {
    if (this.#current.length === 0) return
    this.#earlier.push({ checkpointId, splits: this.#current })
    this.#current = []
  }

  /** Nobody will begin with an older checkpoint than this one, nor with none. */
  forgetUpTo(oldestKept: bigint): void {
    this.#earlier = this.#earlier.filter((part) => part.checkpointId > oldestKept)
  }

  /** Those that a reader has not that begins with the checkpoint; forgets all. @param checkpointId undefined: it begins with nothing */
  takeAfter(checkpointId: bigint | undefined): SplitT[] {
    const after = this.#earlier.filter(
      (part) => checkpointId === undefined || part.checkpointId > checkpointId,
    )
    const splits = [...after.flatMap((part) => part.splits), ...this.#current]
    this.#earlier = []
    this.#current = []
    return splits
  }
}
