import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { StandaloneHaServices } from '@flink-ts/runtime'
import t from 'tap'

t.test(
  'createResourceManagerDriver, loaded by package name, gives a driver that starts no workers',
  async (t) => {
    const { createResourceManagerDriver } = await import('@flink-ts/resourcemanager-standalone')
    const driver = createResourceManagerDriver({
      configuration: new Configuration(),
      clock: new ManualClock(),
      random: new SeededRandom(1),
      log: noopLogger,
    })
    t.equal(driver.canStartWorkers, false)
    const ha = new StandaloneHaServices({ processStartMs: 0, random: new SeededRandom(1) })
    const store = ha.stores({ epoch: 0, uuid: '' }).namespace('standalone-workers')
    await driver.initialize(
      {
        onPreviousAttemptWorkersRecovered: () => t.fail('it has no workers'),
        onWorkerTerminated: () => t.fail('it has no workers'),
        onError: () => t.fail('nothing can go wrong'),
      },
      store,
    )
    t.strictSame(await store.names(), [], 'it keeps nothing')
    const profile = {
      cpuCores: 1,
      taskHeapBytes: 1,
      taskOffHeapBytes: 0,
      managedBytes: 0,
      networkBytes: 0,
      extendedResources: {},
    }
    const spec = {
      cpuCores: 1,
      totalProcessBytes: 1,
      numberOfSlots: 1,
      slotProfile: profile,
      totalProfile: profile,
      dynamicProperties: {},
    }
    const options = { signal: new AbortController().signal, blockedNodes: new Set<string>() }
    await t.rejects(driver.requestResource(spec, options), { code: 'FLINK_CANNOT_START_WORKERS' })
    await driver.deregisterApplication('SUCCEEDED', '')
    await driver.terminate()
  },
)
