import { FlinkError } from '@flink-ts/core'

/** A file of a snapshot is damaged or cut off: its checksums do not agree with its bytes. */
export class SnapshotCorruptError extends FlinkError {
  readonly path: string
  /** Where in the file, in bytes from its beginning. */
  readonly position: number

  constructor(facts: { path: string; position: number; found: string; cause?: unknown }) {
    const { path, position, found } = facts
    super(
      `Cannot read the snapshot file ${path}: it is damaged at byte ${position}: ${found}; restore from an older checkpoint or from a copy`,
      { code: 'FLINK_SNAPSHOT_CORRUPT', cause: facts.cause },
    )
    this.path = path
    this.position = position
  }
}

/** A file of a snapshot was written by a later version than this one. */
export class SnapshotVersionError extends FlinkError {
  readonly path: string
  readonly version: number

  constructor(facts: { path: string; version: number; newestKnown: number }) {
    super(
      `Cannot read the snapshot file ${facts.path}: its format has version ${facts.version}, this release reads up to ${facts.newestKnown}; use a release that is as new as the one that wrote it`,
      { code: 'FLINK_SNAPSHOT_VERSION' },
    )
    this.path = facts.path
    this.version = facts.version
  }
}

/** A value of a state cannot be written. The cause says which part of it. */
export class StateValueError extends FlinkError {
  readonly operatorName: string
  readonly stateName: string

  constructor(facts: { operatorName: string; stateName: string; cause: unknown }) {
    const { operatorName, stateName, cause } = facts
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`Cannot write a value of state "${stateName}" of operator "${operatorName}": ${reason}`, {
      code: 'FLINK_STATE_VALUE',
      cause,
    })
    this.operatorName = operatorName
    this.stateName = stateName
  }
}
