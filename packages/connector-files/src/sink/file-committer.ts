import { type CommitRequest, type Committer, type FileSystems, FlinkError } from '@flink-ts/core'
import type { FileSinkCommittable } from './file-writer.js'

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
    for (const request of requests) {
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
  }

  close(): void {}
}
