import { LocalExecutor } from '@flink-ts/client'
import { bundleProgram, runProgram } from '@flink-ts/client/submission'
import { type Configuration, SystemRandom } from '@flink-ts/core'
import type { ActionContext } from './action.js'

/** `flink run -t local`: the program and its jobs run in this process. */
export async function runLocally(options: {
  program: string
  programArgs: readonly string[]
  entryPoint: string | undefined
  configuration: Configuration
  context: ActionContext
}): Promise<number> {
  const { configuration, context } = options
  const bundle = await bundleProgram(options.program, context.workingDirectory)
  const executor = new LocalExecutor({ configuration })
  await runProgram({
    bundle,
    entryPoint: options.entryPoint,
    args: options.programArgs,
    configuration,
    clock: context.clock,
    random: new SystemRandom(),
    submit: (job) => executor.execute(job),
  })
  return 0
}
