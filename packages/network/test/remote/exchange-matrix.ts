import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { Worker } from 'node:worker_threads'
import { noopLogger, SeededRandom, SystemClock } from '@flink-ts/core'
import { type PartitionerType, ShuffleEnvironment, threadedNetworkIo } from '@flink-ts/network'
import type { ConsumerReport } from '../exchange/exchange-worker.js'

export interface MatrixPlan {
  readonly taskManagers: number
  readonly producers: number
  readonly consumers: number
  readonly selector: PartitionerType
  readonly type: 'pipelined_bounded' | 'blocking'
  readonly segmentBytes: number
  readonly sizes: readonly number[]
  readonly count: number
  readonly slowMs: number
  /** Buffers change their size all the time. */
  readonly debloats: boolean
}

const SELECTORS: readonly PartitionerType[] = [
  'FORWARD',
  'REBALANCE',
  'RESCALE',
  'SHUFFLE',
  'BROADCAST',
  'GLOBAL',
  'HASH',
  'CUSTOM',
]
const DEBLOATING = {
  periodMs: 5,
  targetMs: 20,
  samples: 2,
  thresholdPercentages: 10,
  minBytes: 256,
  startingBytes: 1024,
}
const clock = new SystemClock()
const MOST_TURNS = 1000
const SIZES = [0, 1, 40, 700, 5000, 32_768, 300_000, 20_000_000]

/** What is exchanged for a seed: 1 to 8 subtasks a side, 1 to 3 TaskManagers, buffers of 512 B to 64 KiB, records of 0 B to 20 MB. */
export function matrixPlan(seed: number): MatrixPlan {
  const random = new SeededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[random.nextInt(list.length)]!
  const sizes = Array.from({ length: 1 + random.nextInt(4) }, () => pick(SIZES))
  const bytes = sizes.reduce((sum, size) => sum + size + 50, 0) / sizes.length
  return {
    taskManagers: pick([1, 2, 3]),
    producers: 1 + random.nextInt(8),
    consumers: 1 + random.nextInt(8),
    selector: pick(SELECTORS),
    type: pick(['pipelined_bounded', 'pipelined_bounded', 'blocking']),
    segmentBytes: pick([512, 1024, 4096, 32_768, 65_536]),
    sizes,
    count: Math.max(sizes.length, Math.min(3000, Math.floor(12_000_000 / bytes))),
    slowMs: pick([0, 0, 1]),
    debloats: pick([false, true]),
  }
}

/** The network threads give the last ones back on their own time. @throws Error if some stay away */
async function untilAllBuffersAreBack(envs: readonly ShuffleEnvironment[]): Promise<void> {
  const used = () => envs.map((env) => env.poolUsage().usedSegments)
  for (let turn = 0; used().some((n) => n > 0); turn++) {
    if (turn === MOST_TURNS) throw new Error(`${used()} buffers are not back`)
    await new Promise((resolve) => clock.schedule(10, () => resolve(undefined)))
  }
}

/** Exchanges it, every task in a thread of its own. @throws Error on what was lost, doubled, changed or out of order, and buffers that are not given back */
export async function runMatrixPlan(plan: MatrixPlan): Promise<void> {
  const { taskManagers, producers, consumers, selector, sizes, count, slowMs } = plan
  const envs = await Promise.all(
    Array.from({ length: taskManagers }, (_, i) =>
      ShuffleEnvironment.start({
        resourceId: `tm-${i}`,
        host: '127.0.0.1',
        numberOfSegments: 512,
        segmentBytes: plan.segmentBytes,
        clock,
        log: noopLogger,
        tmpDirs: [tmpdir()],
        limits: {
          sortShuffleMinParallelism: 4,
          ...(plan.debloats && { debloating: DEBLOATING }),
        },
        io: threadedNetworkIo({
          bindHost: '127.0.0.1',
          port: 0,
          onFatalError: (error) => {
            throw error
          },
        }),
      }),
    ),
  )
  const at = (i: number) => envs[i % envs.length]!
  const workers: Worker[] = []
  const run = (workerData: object) => {
    const worker = new Worker(new URL('../exchange/exchange-worker.js', import.meta.url), {
      workerData,
    })
    workers.push(worker)
    return once(worker, 'message')
  }
  const write = () =>
    Array.from({ length: producers }, (_, p) => {
      const partition = at(p + 1).createResultPartition({
        partitionId: `p${p}`,
        numberOfSubpartitions: consumers,
        partitioner: selector,
        type: plan.type,
      })
      const context = at(p + 1).context.handle()
      const work = { context, partition, partitions: consumers, sender: p, selector, sizes, count }
      return run({ role: 'producer', ...work })
    })
  const read = () =>
    Array.from({ length: consumers }, async (_, c) => {
      const gate = at(c).createInputGate({
        gateId: `g${c}`,
        consumedSubpartitions: { first: c, last: c },
        producers: Array.from({ length: producers }, (_, p) => ({
          partitionId: `p${p}`,
          location: at(p + 1).location,
        })),
      })
      const context = at(c).context.handle()
      const [report] = await run({ role: 'consumer', context, gate, slowMs })
      return report as ConsumerReport
    })
  try {
    if (plan.type === 'blocking') await Promise.all(write())
    const reading = read()
    if (plan.type !== 'blocking') write()
    const reports = await Promise.all(reading)
    const got = reports.reduce((sum, report) => sum + report.count, 0)
    const error = reports.find((report) => report.error !== undefined)?.error
    const expected = count * producers * (selector === 'BROADCAST' ? consumers : 1)
    if (error !== undefined) throw new Error(error)
    if (got !== expected) throw new Error(`${got} of ${expected} records came`)
    await Promise.all(workers.map((worker) => worker.terminate()))
    for (let c = 0; c < consumers; c++) at(c).closeInputGate(`g${c}`)
    for (let p = 0; p < producers; p++) at(p + 1).releasePartitions([`p${p}`])
    await untilAllBuffersAreBack(envs)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
    await Promise.all(envs.map((env) => env.close()))
  }
}
