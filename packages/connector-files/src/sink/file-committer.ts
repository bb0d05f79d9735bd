import { type CommitRequest, type Committer, type FileSystems, FlinkError } from '@flink-ts/core'
import type { FileSinkCommittable } from './file-writer.js'

/** Files that become visible at a time: the task waits for all of them, and each is a call of a file system that may be far away. */
const FILES_AT_ONCE = 8

/**
 * Makes part files visible. A hidden file that is not there any more has been committed before, perhaps by an attempt
 * that is gone; the finished one may have been moved away since. What the file system refuses is tried again.
 */
export class FileCommitter implements Committer<FileSinkCommittable> {
  readonly #fileSystems: FileSystems

  constructor(fileSystems: FileSystems) {
    this.#fileSystems = fileSystems
  }

  async commit(requests: CommitRequest<FileSinkCommittable>[]): Promise<void> {
    for (let from = 0; from < requests.length; from += FILES_AT_ONCE) {
      const few = requests.slice(from, from + FILES_AT_ONCE)
      await Promise.all(few.map((request) => this.#commitOne(request)))
    }
  }

  async #commitOne(request: CommitRequest<FileSinkCommittable>): Promise<void> {
    const { path, state } = request.committable
    try {
      await this.#fileSystems.forPath(path).createResumableWriter().commit(state)
    } catch (error) {
      const code = FlinkError.is(error) ? error.code : undefined
      if (code === 'FLINK_FILE_NOT_FOUND') request.signalAlreadyCommitted()
      else if (code === 'FLINK_FILE_SYSTEM') request.retryLater()
      else throw error
    }
  }

  close(): void {}
}
