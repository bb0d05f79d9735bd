import { FlinkError } from '@flink-ts/core'

/** The package of the configured state backend is not there. */
export class StateBackendNotLoadedError extends FlinkError {
  readonly backend: string
  readonly packageName: string

  constructor(facts: { backend: string; packageName: string; why: string; cause?: unknown }) {
    const { backend, packageName, why } = facts
    super(
      `Cannot load the state backend ${backend} (state.backend.type) from the package ${packageName}: ${why}; install it where the TaskManagers run`,
      { code: 'FLINK_STATE_BACKEND_NOT_LOADED', cause: facts.cause },
    )
    this.backend = backend
    this.packageName = packageName
  }
}
