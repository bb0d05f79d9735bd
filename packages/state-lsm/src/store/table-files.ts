/** A file of a table that is being written. */
export interface TableFileWriter {
  write(bytes: Uint8Array): void
  close(): void
}

/** A file of a table, open for reading. */
export interface TableFileReader {
  /** Fills `target[start, start + length)` with the bytes from `position` on. @throws if the file ends before */
  read(target: Uint8Array, start: number, length: number, position: number): void
  close(): void
}

/**
 * The files of one store, by name, synchronous: state is read and written in the task's thread, between two statements of a function.
 * Files are written once and never changed.
 */
export interface TableFiles {
  create(name: string): TableFileWriter
  open(name: string): TableFileReader
  delete(name: string): void
  /** Where the file is on this machine. Absent: nowhere. */
  pathOf?(name: string): string
  /** Makes a file of the store out of one of this machine that is never changed, without reading it. @returns false: that cannot be done */
  adopt?(path: string, name: string): boolean
  /** Removes all files. Idempotent. */
  close(): void
}
