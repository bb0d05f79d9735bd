import { type Configuration, DeploymentOptions, SystemClock, SystemRandom } from '@flink-ts/core'
import type { ProgramContext } from '@flink-ts/runtime'
import { LocalExecutor } from './local-executor.js'

/**
 * What runs a program that nobody submitted: `@flink-ts/streaming` finds it by this name. Its jobs run in this process,
 * or with `execution.target: remote` on the cluster at `rest.address` and `rest.port`.
 */
export async function createExecutor(configuration: Configuration): Promise<ProgramContext> {
  if (configuration.get(DeploymentOptions.TARGET) !== 'remote') {
    return new LocalExecutor({ configuration })
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
