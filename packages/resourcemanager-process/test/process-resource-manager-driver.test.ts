import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  Configuration,
  noopLogger,
  type ResourceId,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import {
  InMemoryCoordination,
  InMemoryHighAvailability,
  type VersionedStore,
  type WorkerHandle,
} from '@flink-ts/runtime'
import t from 'tap'
import { createResourceManagerDriver } from '../dist/create-resource-manager-driver.js'

const parent = mkdtempSync(join(tmpdir(), 'flink-ts-process-driver-'))
t.after(() => rmSync(parent, { recursive: true, force: true }))
const main = join(parent, 'main.mjs')
writeFileSync(
  main,
  `const code = process.argv.find((arg) => arg.startsWith('-Dexit='))?.slice(7)
if (code !== undefined) process.exit(Number(code))
setInterval(() => {}, 1000)`,
)

const profile = {
  cpuCores: 1,
  taskHeapBytes: 1,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

function spec(dynamicProperties: Record<string, string> = {}) {
  const profiles = { slotProfile: profile, totalProfile: profile }
  return { cpuCores: 1, totalProcessBytes: 1, numberOfSlots: 1, ...profiles, dynamicProperties }
}

const wanted = () => ({ signal: new AbortController().signal, blockedNodes: new Set<string>() })

/** Of a cluster of one JobManager: nothing is kept there. */
const NO_STORE = {} as VersionedStore

async function open(store = NO_STORE, configuration: Record<string, string> = {}) {
  const driver = createResourceManagerDriver({
    configuration: Configuration.fromMap({
      'jobmanager.rpc.address': 'localhost',
      'taskmanager.memory.process.size': '1728m',
      ...configuration,
    }),
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
    folder: mkdtempSync(join(parent, 'jm-')),
    taskManagerMain: main,
  })
  const recovered: WorkerHandle[] = []
  const ended = new Map<ResourceId, (diagnostics: string) => void>()
  const handler = {
    onPreviousAttemptWorkersRecovered: (workers: readonly WorkerHandle[]) =>
      void recovered.push(...workers),
    onWorkerTerminated: (resourceId: ResourceId, diagnostics: string) =>
      ended.get(resourceId)?.(diagnostics),
    onError: (error: Error) => void t.fail(error.message),
  }
  await driver.initialize(handler, store)
  const whenEnded = ({ resourceId }: WorkerHandle) =>
    new Promise<string>((resolve) => ended.set(resourceId, resolve))
  return { driver, handler, recovered, whenEnded }
}

t.test('a worker that ends by itself is told of, with what its exit code means', async (t) => {
  const { driver, whenEnded } = await open()
  const worker = await driver.requestResource(spec({ exit: '134' }), wanted())
  t.match(await whenEnded(worker), /exit code 134: Node.js aborted.*heap was full/)
  await driver.deregisterApplication('SUCCEEDED', '')
  await driver.terminate()
})

t.test('workers outlive their JobManager, the next one recovers and ends them', async (t) => {
  const first = await open()
  const kept = await first.driver.requestResource(spec(), wanted())
  const released = await first.driver.requestResource(spec(), wanted())
  const ended = first.whenEnded(released)
  first.driver.releaseResource(released)
  t.match(await ended, /SIGTERM/)
  await first.driver.terminate()

  const second = await open()
  t.same(second.recovered, [kept])
  const told = second.whenEnded(kept)
  await second.driver.deregisterApplication('SUCCEEDED', '')
  t.match(await told, /earlier JobManager/)
  await second.driver.terminate()
  const third = await open()
  t.same(third.recovered, [])
  await third.driver.terminate()
})

t.test('a request that is not wanted any more is refused and leaves no process', async (t) => {
  const { driver, recovered } = await open()
  const options = { signal: AbortSignal.abort(), blockedNodes: new Set<string>() }
  await t.rejects(driver.requestResource(spec(), options), /not wanted/)
  await driver.deregisterApplication('CANCELED', '')
  await driver.terminate()
  const next = await open()
  t.same([recovered, next.recovered], [[], []])
  await next.driver.terminate()
})

t.test(
  'with several JobManagers the one that leads next has the workers of the last',
  async (t) => {
    const ha = { 'high-availability.type': 'zookeeper' }
    const coordination = new InMemoryCoordination({
      clock: new SystemClock(),
      random: new SystemRandom(),
      log: noopLogger,
    })
    const contender = async (client: string) => {
      const services = new InMemoryHighAvailability({ client, log: noopLogger, coordination })
      const tokens: Parameters<InMemoryHighAvailability['stores']>[0][] = []
      services.leaderElection({ kind: 'resourcemanager' }).start({
        grantLeadership: (token) => void tokens.push(token),
        revokeLeadership: () => {},
      })
      t.teardown(() => services.close())
      await until(
        () => coordination.leader?.client === client || coordination.candidates.includes(client),
      )
      return {
        client,
        lead: async () => {
          coordination.grantLeadership(client)
          const isLeader = () => coordination.leader?.client === client
          await until(() => isLeader() && tokens.at(-1)?.epoch === coordination.leader?.token.epoch)
          return services.stores(tokens.at(-1)!).namespace('drivers/process')
        },
      }
    }
    const [a, b] = [await contender('a'), await contender('b')]
    const first = await open(await a.lead(), ha)
    const [kept, released, dead] = await Promise.all(
      [0, 1, 2].map(() => first.driver.requestResource(spec(), wanted())),
    )
    t.equal(coordination.entryPaths.length, 3)
    t.same((await open(NO_STORE)).recovered, [], 'no other cluster with this address has them')

    // The former leader lives: its process is the parent of the workers.
    const second = await open(await b.lead(), ha)
    await first.driver.terminate()
    t.same(new Set(second.recovered), new Set([kept, released, dead]))
    for (const worker of [released!, dead!]) {
      const told = second.whenEnded(worker)
      second.driver.releaseResource(worker)
      t.match(await told, /earlier JobManager/)
    }
    await t.rejects(first.driver.requestResource(spec(), wanted()), /does not lead/)

    const store = await a.lead()
    await store.create('tm-garbage', Buffer.from('garbage'))
    const elsewhere = { pid: 1, startTime: '1', machine: 'another' }
    await store.create('tm-elsewhere', Buffer.from(JSON.stringify(elsewhere)))
    const third: WorkerHandle[] = []
    await second.driver.terminate()
    await first.driver.initialize(
      { ...first.handler, onPreviousAttemptWorkersRecovered: (found) => void third.push(...found) },
      store,
    )
    t.same(third, [kept], 'it knows its own again, and those that another has released are gone')
    t.same(
      coordination.entryPaths.sort(),
      [`drivers/process/${kept!.resourceId}`, 'drivers/process/tm-elsewhere'].sort(),
    )
    await first.driver.deregisterApplication('SUCCEEDED', '')
    t.same(coordination.entryPaths, ['drivers/process/tm-elsewhere'])
    await first.driver.terminate()
  },
)

t.test('createResourceManagerDriver refuses clusters without a process of their own', async (t) => {
  const context = {
    configuration: new Configuration(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
  }
  t.throws(() => createResourceManagerDriver(context), { code: 'FLINK_CANNOT_START_WORKERS' })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(1)
}
