/** A file for what does not fit into memory; nobody else sees it, and it goes with the task, however that ends. */
export interface SpillFile {
  /** Appends bytes, whose memory may be used again at once. @returns where they begin @throws SpillFileError */
  append(bytes: Uint8Array): number
  /** Fills `target` from `offset` on. @throws SpillFileError */
  read(offset: number, target: Uint8Array): void
  /** Drops it. Idempotent. */
  close(): void
}

/** Makes files for what does not fit into memory, in `io.tmp.dirs`. */
export interface SpillFiles {
  /** @throws SpillFileError */
  create(): SpillFile
}
