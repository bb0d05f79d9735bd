import type { SerializedError } from '@flink-ts/core'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoint.js'

/** Whether a task failed since it could not read its part of the checkpoint: a file is damaged, or gone. */
export function isDamageOf({ externalPath }: CompletedCheckpoint, error: SerializedError): boolean {
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    if (at.code === 'FLINK_SNAPSHOT_CORRUPT') return true
    // Other files may be missing for other reasons.
    const jobFolder = externalPath.slice(0, externalPath.lastIndexOf('/') + 1)
    if (at.code === 'FLINK_FILE_NOT_FOUND' && at.message.includes(jobFolder)) return true
  }
  return false
}
