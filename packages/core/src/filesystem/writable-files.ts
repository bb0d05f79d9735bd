/** One file open for writing at any position. */
export interface WritableFile {
  write(bytes: Uint8Array, positionBytes: number): Promise<void>
  truncate(lengthBytes: number): Promise<void>
  length(): Promise<number>
  /** Makes content and length survive a crash of the machine. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** What {@link TempFileResumableWriter} needs of a file system. Paths are what `resolve` made of those that users gave. */
export interface WritableFiles {
  /** A path or URI that is absolute and normalized. @throws FileSystemError if it is not one of it */
  resolve(path: string): string
  /**
   * @param mode `overwrite` and `exclusive` begin an empty file and make missing parents;
   *   `existing` opens what is there
   * @throws FileNotFoundError, FileAlreadyExistsError
   */
  openForWriting(path: string, mode: 'overwrite' | 'exclusive' | 'existing'): Promise<WritableFile>
  /** @returns undefined if there is no such file */
  fileLength(path: string): Promise<number | undefined>
  /** Replaces what is at `to`, at once, and makes the new name survive a crash. */
  moveDurably(from: string, to: string): Promise<void>
  removeFile(path: string): Promise<void>
}
