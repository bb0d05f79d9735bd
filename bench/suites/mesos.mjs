import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { noopLogger } from '@flink-ts/core'
import { RecordDecoder } from '../../packages/mesos-client/dist/record-io/record-decoder.js'
import { parseEvent } from '../../packages/mesos-client/dist/wire/parse-event.js'
import { LaunchCoordinator } from '../../packages/resourcemanager-mesos/dist/offers/launch-coordinator.js'
import { resourceWire } from '../../packages/resourcemanager-mesos/dist/testing/agent-spec.js'
import { VirtualTime } from '../../packages/testing/dist/simulation/time/virtual-time.js'
import { build } from '../../scripts/prepare.mjs'
import { measureOnRealMesos } from '../mesos/on-real-mesos.mjs'
import { agents, PORT_KEYS, SETTINGS, SimulatedFramework } from '../mesos/simulated-framework.mjs'

/** Agents that make an offer each, and TaskManagers that are wanted. */
const MATCHED = [
  [500, 100],
  [1_000, 200],
  [5_000, 1_000],
]
/** Agents and running tasks of which the master is asked after it has changed. */
const RECONCILED = [
  [500, 1_000],
  [5_000, 10_000],
]

export const needsInstallation = true

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const NEEDS = {
  cpus: 1,
  memoryMb: 1728,
  diskMb: 0,
  gpus: 0,
  networkMbps: 0,
  portKeys: PORT_KEYS,
}

/** On a simulated Mesos of up to 5,000 agents; then a job on a real one, if there is one here. */
export async function run(options) {
  build({ tests: true })
  await onSimulatedMesos(options)
  await measureOnRealMesos(options)
}

/**
 * The launch coordinator with the reader of the stream, from bytes of offers to what is said to the master; and the driver with it on a
 * simulated Mesos, on virtual time: TaskManagers that are asked for in one turn, and what becomes of tasks when another master leads. The
 * figures of the latter are of driver and simulation together.
 */
async function onSimulatedMesos({ report, runs, log }) {
  for (let warmUp = 0; warmUp < 3; warmUp++) await match(1_000, 200)
  for (let run = 0; run < runs; run++) {
    for (const [offerCount, requestCount] of MATCHED) {
      const { ms, heapMb } = await match(offerCount, requestCount)
      log(`${offerCount} offers, ${requestCount} requests: ${ms.toFixed(1)} ms of processor time`)
      const name = `${offerCount} offers, ${requestCount} requests`
      report({
        case: name,
        metric: 'offers matched',
        unit: 'offers/s',
        value: offerCount / (ms / 1000),
      })
      report({
        case: name,
        metric: 'from offers to ACCEPTs and DECLINEs, processor time',
        unit: 'ms',
        value: ms,
      })
      report({ case: name, metric: 'memory of offers and requests', unit: 'MB', value: heapMb })
    }
    for (const [agentCount, taskCount] of RECONCILED) {
      const figures = await reconcile(agentCount, taskCount)
      log(`${agentCount} agents, ${taskCount} tasks: ${JSON.stringify(figures)}`)
      const name = `${agentCount} agents, ${taskCount} TaskManagers`
      const add = (metric, unit, value) => report({ case: name, metric, unit, value })
      add('all granted, virtual time', 's', figures.grantedMs / 1000)
      add('all granted, processor time', 'ms', figures.grantedCpuMs)
      add('all known again after a change of master, virtual time', 's', figures.knownMs / 1000)
      add('all known again, processor time', 'ms', figures.knownCpuMs)
      add('memory of driver and simulation', 'MB', figures.heapMb)
    }
  }
}

async function match(offerCount, requestCount) {
  const time = new VirtualTime()
  const chunk = chunkOf(offerCount)
  let launched = 0
  const coordinator = new LaunchCoordinator({
    clock: time,
    log: noopLogger,
    settings: SETTINGS,
    call: async (call) => {
      if (call.type === 'ACCEPT') launched += call.launch.length
    },
    place: async ({ offers: [offer], tasks }) =>
      tasks.map(({ taskId, resources }) => ({ taskId, agentId: offer.agentId, resources })),
    onVoided() {},
    onUnsatisfied() {},
  })
  coordinator.connected()
  collect()
  const heap = process.memoryUsage().heapUsed
  for (let i = 0; i < requestCount; i++) {
    coordinator.request({ taskId: `task-${i}`, needs: NEEDS, blockedHosts: new Set() })
  }
  const decoder = new RecordDecoder({ maxRecordBytes: chunk.length })
  const [, receivedMs] = await withCpu(() => {
    for (const record of decoder.push(chunk)) {
      coordinator.offersReceived(parseEvent(record, unreadable).offers)
    }
  })
  collect()
  const heapMb = (process.memoryUsage().heapUsed - heap) / 1e6
  const [, launchedMs] = await withCpu(() => time.run({ until: () => launched === requestCount }))
  if (launched !== requestCount) throw new Error(`${launched} of ${requestCount} were launched`)
  coordinator.close()
  return { ms: receivedMs + launchedMs, heapMb }
}

/** An event of a master with an offer of each agent, as it is on the stream. */
function chunkOf(offerCount) {
  const offers = agents(offerCount).map(({ hostname, resources }, i) => ({
    id: { value: `dfea2a35-89a5-4a5b-a1bc-97fe5d0ec8c2-O${i}` },
    framework_id: { value: 'dfea2a35-89a5-4a5b-a1bc-97fe5d0ec8c2-0000' },
    agent_id: { value: `dfea2a35-89a5-4a5b-a1bc-97fe5d0ec8c2-S${i}` },
    hostname,
    url: {
      scheme: 'http',
      address: { hostname, ip: '10.0.0.1', port: 5051 },
      path: '/slave(1)',
      query: [],
    },
    allocation_info: { role: '*' },
    resources: resources.map((resource) => {
      const { scalar, ranges } = resource
      const wire = resourceWire(resource, '*')
      return scalar !== undefined
        ? { ...wire, scalar: { value: scalar } }
        : { ...wire, ranges: { range: ranges } }
    }),
    attributes: [],
    executor_ids: [],
  }))
  const record = JSON.stringify({ type: 'OFFERS', offers: { offers } })
  return Buffer.from(`${Buffer.byteLength(record)}\n${record}`)
}

function unreadable({ error }) {
  throw error
}

async function reconcile(agentCount, taskCount) {
  collect()
  const heap = process.memoryUsage().heapUsed
  const framework = new SimulatedFramework(agentCount)
  await framework.lead()
  const [grantedMs, grantedCpuMs] = await withCpu(() => framework.request(taskCount))
  await framework.pass(5_000)
  framework.known.clear()
  framework.mesos.failOver()
  const [knownMs, knownCpuMs] = await withCpu(async () => {
    const begin = framework.time.now()
    const isKnown = () => framework.known.size === taskCount
    await framework.time.run({ until: isKnown, deadlineMs: begin + 120_000 })
    if (!isKnown()) throw new Error(`${framework.known.size} of ${taskCount} are known`)
    return framework.time.now() - begin
  })
  collect()
  const heapMb = (process.memoryUsage().heapUsed - heap) / 1e6
  if (framework.terminated > 0) throw new Error(`${framework.terminated} tasks were given up`)
  await framework.close()
  return { grantedMs, grantedCpuMs, knownMs, knownCpuMs, heapMb }
}

async function withCpu(action) {
  const before = process.cpuUsage()
  const result = await action()
  const { user, system } = process.cpuUsage(before)
  return [result, (user + system) / 1000]
}
