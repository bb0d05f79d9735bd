import type { Configuration } from '@flink-ts/core'
import type { ProgramContext } from '@flink-ts/runtime'
import { LocalExecutor } from './local-executor.js'

/** What runs a program that nobody submitted: `@flink-ts/streaming` finds it by this name. */
export function createExecutor(configuration: Configuration): ProgramContext {
  return new LocalExecutor({ configuration })
}
