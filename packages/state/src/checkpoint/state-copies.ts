/** The second copy of one file. Its calls never reject: a copy that cannot be made is missing later, that is all. */
export interface StateCopy {
  /** One write at a time. @param bytes must not change until the promise has settled */
  write(bytes: Uint8Array): Promise<void>
  /** The file is complete. */
  finish(): Promise<void>
  /** There is no such file. Nothing happens after `finish`. */
  abort(): Promise<void>
}

/** Where second copies of the files of one checkpoint are kept, near the task that writes them. */
export interface StateCopies {
  /** @param path of the file that is copied; belongs to the checkpoint alone */
  begin(path: string): StateCopy
  /**
   * Keeps a file that several checkpoints use. Never rejects.
   *
   * @param key see `SharedState.key`
   * @param source a file of this machine with the same content, which is never changed
   */
  keepShared(key: string, source: string): Promise<void>
}
