import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Configuration,
  noopLogger,
  type ResourceId,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import type { WorkerHandle } from '@flink-ts/runtime'
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

async function open() {
  const driver = createResourceManagerDriver({
    configuration: Configuration.fromMap({ 'jobmanager.rpc.address': 'localhost' }),
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
    folder: mkdtempSync(join(parent, 'jm-')),
    taskManagerMain: main,
  })
  const recovered: WorkerHandle[] = []
  const ended = new Map<ResourceId, (diagnostics: string) => void>()
  await driver.initialize({
    onPreviousAttemptWorkersRecovered: (workers) => void recovered.push(...workers),
    onWorkerTerminated: (resourceId, diagnostics) => ended.get(resourceId)?.(diagnostics),
    onError: (error) => t.fail(error.message),
  })
  const whenEnded = ({ resourceId }: WorkerHandle) =>
    new Promise<string>((resolve) => ended.set(resourceId, resolve))
  return { driver, recovered, whenEnded }
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

t.test('createResourceManagerDriver refuses clusters without a process of their own', async (t) => {
  const context = {
    configuration: new Configuration(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
  }
  t.throws(() => createResourceManagerDriver(context), { code: 'FLINK_CANNOT_START_WORKERS' })
})
