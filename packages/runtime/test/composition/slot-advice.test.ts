import { startJobManagerServices } from '@flink-ts/runtime'
import t from 'tap'
import { jobGraph, vertex } from '../testing/job-graphs.js'
import { configuration, world } from './job-manager-world.js'

/** The failure of a job that finds no slots in a cluster with this driver. */
async function failureWithout(canStartWorkers: boolean, scheduler: string): Promise<string> {
  const { clock, driver, options } = world()
  const itsOwn = configuration.clone()
  itsOwn.setString('resourcemanager.driver', 'somebodys')
  itsOwn.setString('jobmanager.scheduler', scheduler)
  const graph = {
    ...jobGraph([vertex(1, 1)]),
    // Whoever writes a job does not know, and does not decide, who starts TaskManagers.
    configuration: { 'resourcemanager.driver': canStartWorkers ? 'standalone' : 'yarn' },
  }
  const jobManager = await startJobManagerServices({
    ...options,
    configuration: itsOwn,
    resourceManagerDriver: {
      ...driver,
      canStartWorkers,
      initialize: async (handler) => handler.onPreviousAttemptWorkersRecovered([]),
      requestResource: () => new Promise(() => {}),
    },
  })
  const dispatcher = await jobManager.dispatcher.whenLed()
  await dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(graph)) })
  const { jobId } = graph
  let ended = await dispatcher.requestJobResult({ jobId })
  for (let i = 0; ended.result === undefined && i < 500; i++) {
    clock.advance(5_000)
    await new Promise(setImmediate)
    ended = await dispatcher.requestJobResult({ jobId })
  }
  await jobManager.close()
  await options.rpcService.close()
  return JSON.stringify(ended.result)
}

for (const scheduler of ['Default', 'Adaptive']) {
  t.test(
    `startJobManagerServices: without slots the ${scheduler} scheduler gives the advice that fits the driver that is there`,
    async (t) => {
      const none = await failureWithout(false, scheduler)
      t.match(none, 'Start more TaskManagers')
      t.notMatch(none, 'starts TaskManagers itself')
      const some = await failureWithout(true, scheduler)
      t.match(some, 'The cluster starts TaskManagers itself')
      t.notMatch(some, 'Start more TaskManagers')
    },
  )
}
