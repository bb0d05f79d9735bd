import type { ProgramBundle } from '@flink-ts/client/bundling'
import type { Configuration } from '@flink-ts/core'
import type { ActionContext } from '../action.js'

/** A program that is to run, as a command line says it. */
export interface ProgramRun {
  /** The program, which is being compiled. */
  readonly bundle: Promise<ProgramBundle>
  readonly programArgs: readonly string[]
  /** Its export to call. */
  readonly entryPoint: string | undefined
  /** What its jobs start from: parallelism, savepoint. */
  readonly configuration: Configuration
  /** Whether the command waits for its jobs. */
  readonly attached: boolean
  /** Whether Ctrl-C cancels them then. */
  readonly cancelOnExit: boolean
  readonly context: ActionContext
}
