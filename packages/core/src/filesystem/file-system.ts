/** What is known of one file or directory. */
export interface FileStatus {
  readonly path: string
  readonly isDirectory: boolean
  readonly lengthBytes: bigint
  readonly modificationTimeMs: number
  /** POSIX permission bits. */
  readonly mode: number
}

/** A file open for reading. Reads never go past the end. */
export interface FileInputStream {
  /**
   * Reads up to `target.length` bytes at `position`.
   *
   * @returns how many were read; 0 at the end of the file
   */
  read(target: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

/** A file open for writing from its beginning; visible under its name when `close` resolved. */
export interface FileOutputStream {
  write(bytes: Uint8Array): Promise<void>
  /** Makes what was written survive a crash of the machine. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** State from which a {@link ResumableWriter} goes on after a failure. Plain JSON. */
export type ResumeRecoverable = Readonly<Record<string, unknown>>

/** A file that becomes visible only by `commit`, and can be continued where it was last persisted. */
export interface RecoverableOutputStream {
  readonly positionBytes: bigint
  write(bytes: Uint8Array): Promise<void>
  /** Makes all that was written durable; the answer goes into a checkpoint. */
  persist(): Promise<ResumeRecoverable>
  /** Ends writing; the answer is what `commit` takes. */
  closeForCommit(): Promise<ResumeRecoverable>
  /** Gives up without leaving anything behind. */
  discard(): Promise<void>
}

/** Makes files that survive a failure of their writer. */
export interface ResumableWriter {
  open(path: string): Promise<RecoverableOutputStream>
  /**
   * Goes on where `state` was taken. The stream that it is of, if somebody still holds and writes it, changes nothing of what
   * becomes of this one.
   */
  recover(state: ResumeRecoverable): Promise<RecoverableOutputStream>
  /**
   * Begins a file at `path`, of the same file system, with what `state` has. The file of `state` is left as it is, also when the new
   * one is committed or discarded: others may go on with it.
   */
  recover(state: ResumeRecoverable, path: string): Promise<RecoverableOutputStream>
  /**
   * The state belongs to a savepoint: it can be recovered as often as anybody likes, also after its stream, or one that was
   * recovered from it, was committed or cleaned up. Nobody removes it then but whoever removes the hidden file. Idempotent. Absent
   * where that cannot be had.
   */
  keep?(state: ResumeRecoverable): Promise<void>
  /** Idempotent. */
  commit(state: ResumeRecoverable): Promise<void>
  /** Removes what an abandoned stream left. Idempotent. */
  cleanup(state: ResumeRecoverable): Promise<void>
}

/** How a file or directory is made. */
export interface FileCreation {
  /** POSIX permission bits; otherwise what the file system gives. What it cannot do with them it leaves out, as object stores do. */
  readonly permissions?: number
  /** Copies that a distributed file system keeps; otherwise what it is set to. */
  readonly replication?: number
  /**
   * It may be made as late as with its first bytes, where that saves round trips: what `create` would throw can come from `write` or
   * `close` then.
   */
  readonly isDeferred?: boolean
  /**
   * When a file counts as last changed, in milliseconds since the epoch, from its `close` on: whoever must tell others how old it is
   * need not ask. Otherwise when it was; object stores leave it out.
   */
  readonly modificationTimeMs?: number
}

/** Where files are. Paths are URIs (`file:///a/b`) or plain absolute paths of the default scheme. */
export interface FileSystem {
  readonly scheme: string
  /** @throws FileNotFoundError (FLINK_FILE_NOT_FOUND) */
  getFileStatus(path: string): Promise<FileStatus>
  exists(path: string): Promise<boolean>
  list(path: string): Promise<FileStatus[]>
  open(path: string): Promise<FileInputStream>
  /** @param mode `exclusive` fails with FileAlreadyExistsError (FLINK_FILE_EXISTS) when there is one */
  create(
    path: string,
    mode: 'overwrite' | 'exclusive',
    creation?: FileCreation,
  ): Promise<FileOutputStream>
  /** Makes it and what is missing above it; what is there already keeps its permissions. */
  mkdirs(path: string, creation?: FileCreation): Promise<void>
  /** @returns false if there was nothing */
  delete(path: string, options: { recursive: boolean }): Promise<boolean>
  rename(from: string, to: string): Promise<void>
  createResumableWriter(): ResumableWriter
}

/** Finds the file system that serves a path, by its scheme. */
export interface FileSystems {
  /** @throws UnsupportedFileSystemSchemeError naming the scheme and those that are known */
  forPath(path: string): FileSystem
}
