import { LocalExecutor } from '@flink-ts/client'
import { runProgram } from '@flink-ts/client/submission'
import { SystemRandom } from '@flink-ts/core'
import type { ProgramRun } from './run/program-run.js'

/** `flink run -t local`: the program and its jobs run in this process. */
export async function runLocally(options: ProgramRun): Promise<number> {
  const { configuration, context } = options
  const bundle = await options.bundle
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
