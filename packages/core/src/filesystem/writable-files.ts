import type { FileInputStream } from './file-system.js'

/** One file open for writing behind what was written. */
export interface WritableFile {
  write(bytes: Uint8Array, positionBytes: number): Promise<void>
  /** Makes content and length survive a crash of the machine. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** What {@link TempFileResumableWriter} needs of a file system. Paths are what `resolve` made of those that users gave. */
export interface WritableFiles {
  /** A path or URI that is absolute and normalized. @throws FileSystemError if it is not one of it */
  resolve(path: string): string
  /**
   * Begins an empty file and makes missing parents.
   *
   * @throws FileAlreadyExistsError for `exclusive`
   */
  openForWriting(path: string, mode: 'overwrite' | 'exclusive'): Promise<WritableFile>
  /** @throws FileNotFoundError */
  openForReading(path: string): Promise<FileInputStream>
  /** @returns undefined if there is no such file */
  fileLength(path: string): Promise<number | undefined>
  /** Names of what is in a folder, which ends with a slash; none if it is not there. */
  namesIn(folder: string): Promise<readonly string[]>
  /** Replaces what is at `to`, at once, and makes the new name survive a crash. */
  moveDurably(from: string, to: string): Promise<void>
  /** Idempotent. */
  removeFile(path: string): Promise<void>
}
