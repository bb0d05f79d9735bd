import {
  type Configuration,
  DeploymentOptions,
  FlinkError,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import type { ProgramContext } from '@flink-ts/runtime'
import { LocalExecutor } from './local-executor.js'

/**
 * What runs a program that nobody submitted: `@flink-ts/streaming` finds it by this name. Its jobs run in this process,
 * or with `execution.target: remote` on the cluster at `rest.address` and `rest.port`.
 *
 * @throws FlinkError FLINK_UNKNOWN_TARGET for targets of `flink run` alone
 */
export async function createExecutor(configuration: Configuration): Promise<ProgramContext> {
  const target = configuration.get(DeploymentOptions.TARGET) ?? 'local'
  if (target === 'local') return new LocalExecutor({ configuration })
  if (target !== 'remote') {
    throw new FlinkError(
      `Cannot run a program that node was started with on the target "${target}": expected local or remote; start it by flink run -t ${target}`,
      { code: 'FLINK_UNKNOWN_TARGET' },
    )
  }
  const { RemoteExecutor } = await import('../remote/remote-executor.js')
  return new RemoteExecutor({
    configuration,
    clock: new SystemClock(),
    random: new SystemRandom(),
    programPath: process.argv[1],
    args: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.cwd(),
  })
}
