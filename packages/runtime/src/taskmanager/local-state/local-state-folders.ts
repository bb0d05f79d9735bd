/** Where a task keeps second copies of its state on its TaskManager, and finds those of earlier attempts. Cloneable. */
export interface LocalStateFolders {
  /** Of this subtask alone. */
  readonly own: string
  /** All folders of this TaskManager that may have such folders of subtasks of the job. */
  readonly ofJob: readonly string[]
  /** `execution.checkpointing.local-backup.enabled` */
  readonly isWritten: boolean
  /** `execution.state-recovery.from-local` */
  readonly isRead: boolean
}

/** Of the files of one checkpoint, below the folder of a subtask. */
export function checkpointFolder(subtaskFolder: string, checkpointId: bigint): string {
  return `${subtaskFolder}/chk_${checkpointId}`
}

/** Of files that several checkpoints use. */
export function sharedFolder(subtaskFolder: string): string {
  return `${subtaskFolder}/shared`
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
