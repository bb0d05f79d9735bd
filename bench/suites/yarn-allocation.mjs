import { Configuration, noopLogger } from '@flink-ts/core'
import { YarnResourceManagerDriver } from '../../packages/resourcemanager-yarn/dist/applicationmaster/yarn-resource-manager-driver.js'
import { SimulatedYarn } from '../../packages/resourcemanager-yarn/dist/testing/simulated-yarn.js'
import { VirtualClock } from '../yarn/virtual-clock.mjs'

const COUNTS = [125, 250, 500, 1000]
const CONTAINERS_PER_NODE = 10
const CONTAINER_MB = 1728
const MB = 2 ** 20
const PROFILE = {
  cpuCores: 1,
  taskHeapBytes: 1,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}
const SPEC = {
  cpuCores: 1,
  totalProcessBytes: CONTAINER_MB * MB,
  numberOfSlots: 1,
  slotProfile: PROFILE,
  totalProfile: PROFILE,
  dynamicProperties: { 'taskmanager.memory.process.size': `${CONTAINER_MB}m` },
}

/**
 * Containers that are asked for in one turn, on a simulated YARN whose nodes have room for ten each and say so once a second: until all
 * TaskManagers were started, on virtual time, with the messages and the processor time of driver and simulation together.
 */
export async function run({ report, runs, log }) {
  await allocate(COUNTS[0])
  for (let run = 0; run < runs; run++) {
    for (const count of COUNTS) {
      const { ms, heartbeats, starts, cpuMs } = await allocate(count)
      log(`${count} containers: ${ms} ms, ${cpuMs.toFixed(0)} ms of processor time`)
      const add = (metric, unit, value) =>
        report({ case: `${count} containers`, metric, unit, value })
      add('until all were started, virtual time', 's', ms / 1000)
      add('heartbeats to the ResourceManager', 'messages', heartbeats)
      add('messages to NodeManagers', 'messages', starts)
      add('processor time for each container', 'ms', cpuMs / count)
    }
  }
}

async function allocate(count) {
  const clock = new VirtualClock()
  const yarn = new SimulatedYarn({
    clock,
    nodes: Array.from({ length: Math.ceil(count / CONTAINERS_PER_NODE) }, (_, i) => ({
      host: `node${i}`,
      memoryMb: 2048 * CONTAINERS_PER_NODE,
      vcores: 64,
    })),
  })
  const driver = new YarnResourceManagerDriver({
    configuration: new Configuration(),
    clock,
    log: noopLogger,
    deployment: {
      formatVersion: 1,
      applicationId: 'application_1700000000000_0001',
      nodePath: '/usr/bin/node',
      homePath: './flink-ts',
      mainsPath: './flink-ts/mains',
      localResources: {},
      environment: {},
      schedulerAddresses: ['rm:8030'],
    },
    protocol: yarn.applicationMaster(),
    connect: yarn.nodeManagers,
    addresses: async () => ({ rpc: 'jm:6123', rest: 'jm:8081' }),
    removeStagingFolder: async () => {},
  })
  await until(
    clock,
    driver.initialize({
      onPreviousAttemptWorkersRecovered() {},
      onWorkerTerminated(id, why) {
        throw new Error(`${id} ended: ${why}`)
      },
      onError(error) {
        throw error
      },
    }),
  )
  const before = yarn.calls.allocate
  const begin = clock.now()
  const cpu = process.cpuUsage()
  const blockedNodes = new Set()
  await until(
    clock,
    Promise.all(
      Array.from({ length: count }, () =>
        driver.requestResource(SPEC, { signal: new AbortController().signal, blockedNodes }),
      ),
    ),
  )
  const { user, system } = process.cpuUsage(cpu)
  const figures = {
    ms: clock.now() - begin,
    heartbeats: yarn.calls.allocate - before,
    starts: yarn.nodes.reduce((sum, node) => sum + node.startCalls, 0),
    cpuMs: (user + system) / 1000,
  }
  await until(clock, driver.terminate())
  yarn.close()
  return figures
}

/** Lets time pass until a promise has resolved. */
async function until(clock, promise) {
  let isSettled = false
  const settled = promise.finally(() => {
    isSettled = true
  })
  while (!isSettled) if (!(await clock.step())) break
  return settled
}
