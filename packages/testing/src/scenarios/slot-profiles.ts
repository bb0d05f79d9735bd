import type { Random } from '@flink-ts/core'
import { SlotSharingGroup } from '@flink-ts/streaming'
import type { SimulatedProgram } from '../simulation/cluster/record-program.js'
import type { SimulatedCluster } from '../simulation/cluster/simulated-cluster.js'
import { badContainers, unleashNemesis } from '../simulation/nemesis/nemesis.js'
import { CHAOS_CONFIGURATION } from './chaos.js'
import { expectFinished } from './expectations.js'
import { RECOVERY_MS } from './recovery.js'
import type { Scenario } from './scenario.js'

const NUMBERS = 200

/** Workers that nobody asked for, and those that never come up, are given up well within {@link RECOVERY_MS}. */
const ELASTIC = {
  'taskmanager.registration.timeout': '5 min',
  'resourcemanager.taskmanager-registration.timeout': '1 min',
}

export const slotProfiles: Scenario = {
  name: 'slot-profiles',
  description:
    'Jobs whose slots are of several sizes, carved out of TaskManagers that come, go and fail amidst faults of all kinds.',
  async run({ random, start }) {
    const elastic = random.next() < 0.5
    const cluster = await start({
      ...(elastic ? { elastic } : { taskManagers: 4 }),
      maxTurnMs: 50 + random.next() ** 2 * 1_000,
      configuration: {
        ...CHAOS_CONFIGURATION,
        'cluster.fine-grained-resource-management.enabled': 'true',
        ...(elastic ? ELASTIC : {}),
      },
    })
    if (elastic && random.next() < 0.7) cluster.faultInjection.containers(badContainers(random))
    const checks: (() => Promise<void>)[] = []
    for (let i = 0; i <= random.nextInt(2); i++) checks.push(await submit(cluster, random, i))
    await unleashNemesis(cluster, {
      random,
      periodMs: 5_000 + random.next() * 60_000,
      meanPauseMs: 300 + random.next() * 3_000,
      minTaskManagers: 3,
    })
    for (const check of checks) await check()
  },
}

async function submit(
  cluster: SimulatedCluster,
  random: Random,
  number: number,
): Promise<() => Promise<void>> {
  const output = `/out-${number}`
  const job = await cluster.submit(unequalTasks(1 + random.nextInt(2), output))
  return async () => {
    expectFinished(await job.end(RECOVERY_MS))
    const actual = (await cluster.readLines(output)).map(Number).sort((a, b) => a - b)
    const wrong = actual.findIndex((value, i) => value !== 2 * (i + 1))
    if (actual.length === NUMBERS && wrong === -1) return
    throw new Error(`${output} has ${actual.length} of ${NUMBERS} numbers; first wrong: ${wrong}`)
  }
}

/** Sources in slots of a default size, the work in large ones, the sinks in small ones. */
function unequalTasks(parallelism: number, output: string): SimulatedProgram {
  return (env) => {
    env.setParallelism(parallelism).setRuntimeMode('BATCH')
    env.configure({ 'execution.batch-shuffle-mode': 'ALL_EXCHANGES_PIPELINED' })
    env
      .fromSequence(1, NUMBERS)
      .rebalance()
      .map((n) => 2 * n)
      .slotSharingGroup(slots('large', 0.75, 160))
      .rebalance()
      .map((n) => String(n))
      .slotSharingGroup(slots('small', 0.25, 60))
      .writeAsText(output, { mode: 'overwrite' })
    return env.execute('unequal tasks')
  }
}

function slots(name: string, cpuCores: number, megabytes: number): SlotSharingGroup {
  return SlotSharingGroup.newBuilder(name)
    .setCpuCores(cpuCores)
    .setTaskHeapMemoryMB(megabytes)
    .setManagedMemoryMB(megabytes)
    .build()
}
