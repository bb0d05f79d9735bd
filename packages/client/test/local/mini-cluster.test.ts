import { JobExecutionError, MiniCluster } from '@flink-ts/client'
import {
  type FileSystem,
  type JobId,
  type Logger,
  newHexId,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import {
  type DataStream,
  SlotSharingGroup,
  type StreamExecutionEnvironment,
} from '@flink-ts/streaming'
import t from 'tap'
import { CountingClock, record, withCluster } from './testing-cluster.js'

const STREAMING = { 'execution.runtime-mode': 'STREAMING' }
const BATCH = { 'execution.runtime-mode': 'BATCH' }

async function writeFile(files: FileSystem, path: string, text: string): Promise<void> {
  const file = await files.create(path, 'overwrite')
  await file.write(Buffer.from(text))
  await file.close()
}

/** All lines of a file, or of the files of a folder. */
async function readLines(files: FileSystem, path: string): Promise<string[]> {
  const status = await files.getFileStatus(path)
  if (status.isDirectory) {
    const parts = await Promise.all((await files.list(path)).map((f) => readLines(files, f.path)))
    return parts.flat()
  }
  const file = await files.open(path)
  const bytes = new Uint8Array(Number(status.lengthBytes))
  for (let at = 0; at < bytes.length; ) at += await file.read(bytes.subarray(at), at)
  await file.close()
  const text = Buffer.from(bytes).toString()
  return text.split('\n').slice(0, -1)
}

/** Words with a few letters beyond ASCII, between all sorts of other characters. */
function makeText(words: number): string {
  const random = new SeededRandom(42)
  let text = ''
  for (let i = 0; i < words; i++) {
    const word = ['Zeit', 'größe', 'Ёлка', 'x2', 'THE', 'the', 'naïve'][random.nextInt(7)]!
    const number = random.nextInt(3) === 0 ? '' : String(random.nextInt(40))
    text += word + number + [' ', ', ', '\n', ' -- ', '\t'][random.nextInt(5)]!
  }
  return text
}

/** Counts character by character, in another way than the program does. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  let word = ''
  for (const character of `${text.toLowerCase()} `) {
    if (/\p{L}|\p{N}/u.test(character)) word += character
    else if (word !== '') {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      word = ''
    }
  }
  return counts
}

function wordCount(env: StreamExecutionEnvironment, input: string, output: string): void {
  env
    .readTextFile(input)
    .flatMap((line: string) => line.toLowerCase().match(/[\p{L}\p{N}]+/gu))
    .map((word) => ({ word, count: 1 }))
    .keyBy((r) => r.word)
    .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
    .map(({ word, count }) => `${word}\t${count}`)
    .writeAsText(output)
}

t.test('MiniCluster: WordCount equals an independent count', async (t) => {
  const text = makeText(20_000)
  const expected = countWords(text)
  for (const numberOfTaskManagers of [1, 2]) {
    await withCluster(
      t,
      {
        numberOfTaskManagers,
        numberOfTaskSlotsPerTaskManager: 4 / numberOfTaskManagers,
      },
      async ({ cluster, files }) => {
        await writeFile(files, '/in.txt', text)
        for (const parallelism of [1, 2, 4]) {
          for (const [mode, keys] of Object.entries({ streaming: STREAMING, batch: BATCH })) {
            const what = `${mode}, parallelism ${parallelism}, ${numberOfTaskManagers} TaskManagers`
            const output = `/out-${mode}-${parallelism}`
            const job = await cluster.submitJob(
              await record(
                (env) =>
                  wordCount(
                    env.setParallelism(parallelism),
                    'memory:///in.txt',
                    `memory://${output}`,
                  ),
                keys,
              ),
            )
            const result = await job.result()
            t.equal(result.jobName, 'test job', what)
            const lines = await readLines(files, output)
            const last = new Map(
              lines.map((line) => [line.split('\t')[0]!, Number(line.split('\t')[1])]),
            )
            t.strictSame(sorted(last), sorted(expected), what)
            const total = [...expected.values()].reduce((a, b) => a + b)
            t.equal(lines.length, mode === 'batch' ? expected.size : total, `lines: ${what}`)
          }
        }
      },
    )
  }
})

function sorted(counts: Map<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

type Partitioning = (stream: DataStream<number>) => DataStream<number>

t.test('MiniCluster: every partitioning delivers each element where it belongs', async (t) => {
  const COUNT = 1000
  const cases: Record<string, { partition: Partitioning; check: (sums: number[][]) => boolean }> = {
    rebalance: {
      partition: (s) => s.rebalance(),
      check: (parts) => parts.every((p) => p.length === COUNT / 4),
    },
    rescale: {
      partition: (s) => s.rescale(),
      check: (parts) => parts.every((p) => p.length === COUNT / 4),
    },
    shuffle: { partition: (s) => s.shuffle(), check: (parts) => parts.every((p) => p.length > 50) },
    global: { partition: (s) => s.global(), check: (parts) => parts[0]!.length === COUNT },
    custom: {
      partition: (s) =>
        s.partitionCustom(
          (key, n) => (Number(key) * 3) % n,
          (value) => value % 2,
        ),
      check: ([p0, p1, p2, p3]) =>
        p0!.every((v) => v % 2 === 0) &&
        p3!.every((v) => v % 2 === 1) &&
        p1!.length + p2!.length === 0,
    },
  }
  await withCluster(t, { numberOfTaskSlotsPerTaskManager: 4 }, async ({ cluster, stdout }) => {
    for (const [name, { partition, check }] of Object.entries(cases)) {
      stdout.lines.length = 0
      const job = await cluster.submitJob(
        await record((env) => {
          const source = env.fromSequence(1, COUNT).setParallelism(2)
          partition(source)
            .map((v) => v)
            .setParallelism(4)
            .disableChaining()
            .print()
            .setParallelism(4)
        }),
      )
      await job.result()
      const parts = [1, 2, 3, 4].map((subtask) => partOf(stdout.lines, subtask))
      t.equal(sum(parts.flat()), (COUNT * (COUNT + 1)) / 2, `${name}: nothing lost, nothing twice`)
      t.ok(check(parts), `${name}: ${parts.map((p) => p.length)}`)
    }

    stdout.lines.length = 0
    const job = await cluster.submitJob(
      await record((env) => {
        env.fromSequence(1, 10).setParallelism(1).broadcast().print().setParallelism(3)
      }),
    )
    await job.result()
    for (const subtask of [1, 2, 3]) t.equal(sum(partOf(stdout.lines, subtask)), 55, 'broadcast')

    stdout.lines.length = 0
    const forward = await cluster.submitJob(
      await record((env) => {
        const source = env.fromSequence(1, 100).setParallelism(2)
        source
          .forward()
          .map((v) => -v)
          .setParallelism(2)
          .disableChaining()
          .print()
          .setParallelism(2)
      }),
    )
    await forward.result()
    t.equal(sum([1, 2].flatMap((subtask) => partOf(stdout.lines, subtask))), -5050, 'forward')

    stdout.lines.length = 0
    const union = await cluster.submitJob(
      await record((env) => {
        const [a, b] = [env.fromSequence(1, 10), env.fromElements(100, 200)]
        a.union(b, env.fromSequence(1000, 1001))
          .map((v) => v)
          .setParallelism(1)
          .print()
          .setParallelism(1)
      }),
    )
    await union.result()
    t.equal(sum(stdout.lines.map(Number)), 55 + 300 + 2001, 'union')
  })
})

function causesOf(error: unknown): Error[] {
  const causes: Error[] = []
  for (let at = error; at instanceof Error; at = at.cause) causes.push(at)
  return causes
}

const partOf = (lines: string[], subtask: number) =>
  lines.filter((line) => line.startsWith(`${subtask}> `)).map((line) => Number(line.slice(3)))
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

t.test('MiniCluster: a failing function fails its job with the cause', async (t) => {
  await withCluster(
    t,
    { keys: { 'restart-strategy.type': 'none' } },
    async ({ cluster, stdout }) => {
      const failing = await record((env) => {
        env
          .fromSequence(1, 100)
          .map((value) => {
            if (value === 50) throw new RangeError('fifty is too much')
            return value
          })
          .name('picky')
          .print()
      })
      const job = await cluster.submitJob(failing)
      const error = await job.result().then(
        () => t.fail('it failed'),
        (e) => e as JobExecutionError,
      )
      t.ok(error instanceof JobExecutionError)
      t.equal((error as JobExecutionError).status, 'FAILED')
      const causes = causesOf(error)
      const root = causes.at(-1)!
      t.equal(root.name, 'RangeError')
      t.equal(root.message, 'fifty is too much')
      t.match(root.stack, /mini-cluster\.test/, 'the place is that of the user')
      t.ok(causes.some(({ message }) => /Operator 'picky' failed/.test(message)))
      t.equal(await job.status(), 'FAILED')

      stdout.lines.length = 0
      const next = await cluster.submitJob(await record((env) => env.fromElements(1, 2).print()))
      await next.result()
      t.strictSame(stdout.lines, ['1', '2'], 'the cluster runs the next job')
    },
  )
})

t.test('MiniCluster: fixed-delay restarts a job until it succeeds', async (t) => {
  await withCluster(t, {}, async ({ cluster, stdout }) => {
    let attempts = 0
    const job = await cluster.submitJob(
      await record(
        (env) => {
          env
            .fromSequence(1, 10)
            .map((value) => {
              if (value === 5 && ++attempts < 3) throw new Error(`attempt ${attempts}`)
              return value
            })
            .print()
        },
        {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.attempts': '2',
          'restart-strategy.fixed-delay.delay': '1 ms',
        },
      ),
    )
    await job.result()
    t.equal(attempts, 3)
    t.strictSame(stdout.lines.slice(-10).map(Number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

t.test('MiniCluster: a job that needs more slots than there are', async (t) => {
  await t.test('fails after slot.request.timeout', async (t) => {
    await withCluster(t, { keys: { 'slot.request.timeout': '500 ms' } }, async ({ cluster }) => {
      const job = await cluster.submitJob(
        await record((env) =>
          env
            .fromSequence(1, 10)
            .rebalance()
            .map((v) => v)
            .setParallelism(3)
            .print(),
        ),
      )
      const causes = causesOf(await job.result().catch((e: Error) => e))
      t.match(causes.at(-1)?.name, 'NoResourceAvailableException')
      t.match(causes.at(-1)?.message, /3 slots are required, 1 were available/)
    })
  })
  await t.test('runs when a TaskManager joins in time', async (t) => {
    await withCluster(t, {}, async ({ cluster, stdout }) => {
      const job = await cluster.submitJob(
        await record((env) => env.fromSequence(1, 10).setParallelism(2).print().setParallelism(2)),
      )
      await cluster.startTaskManager()
      await job.result()
      t.equal(stdout.lines.length, 10)
    })
  })
})

t.test('MiniCluster: a job can be cancelled', async (t) => {
  await withCluster(t, {}, async ({ cluster }) => {
    const reached = makeResolvers()
    const job = await cluster.submitJob(
      await record((env) => {
        env
          .fromSequence(1, Number.MAX_SAFE_INTEGER - 1)
          .map((value) => {
            if (value === 10_000) reached.resolve(undefined)
            return value
          })
          .filter(() => false)
          .print()
      }),
    )
    await reached.promise
    t.equal(await job.status(), 'RUNNING')
    await job.cancel()
    await t.rejects(job.result(), {
      name: 'JobExecutionError',
      status: 'CANCELED',
      message: /was cancelled/,
    })
  })
})

function makeResolvers() {
  let resolve!: (value: unknown) => void
  const promise = new Promise((r) => {
    resolve = r
  })
  return { promise, resolve }
}

t.test(
  'MiniCluster.close ends what runs, twice is once, and before the start is nothing',
  async (t) => {
    const clock = new CountingClock()
    const cluster = new MiniCluster({ clock })
    const job = await cluster.submitJob(
      await record((env) =>
        env
          .fromSequence(1, 2 ** 52)
          .filter(() => false)
          .print(),
      ),
    )
    await Promise.all([cluster.close(), cluster.close()])
    await t.rejects(job.result(), { message: /The cluster ended before its job did/ })
    t.equal(clock.pendingTimers, 0)
    await new MiniCluster({ clock }).close()
    t.equal(clock.pendingTimers, 0)
  },
)

t.test('MiniCluster.submitJob refuses a job id that was used', async (t) => {
  await withCluster(t, {}, async ({ cluster }) => {
    const recorded = await record((env) => env.fromElements(1).print())
    await (await cluster.submitJob(recorded)).result()
    await t.rejects(cluster.submitJob(recorded), { message: new RegExp(recorded.jobGraph.jobId) })
    const jobId = newHexId<JobId>(new SeededRandom(3))
    await (
      await cluster.submitJob({ ...recorded, jobGraph: { ...recorded.jobGraph, jobId } })
    ).result()
  })
})

/** Of slots that TaskManagers gave to jobs: dynamic ones have numbers beyond the numbered slots. */
function slotLog(): { log: Logger; allocated: number[] } {
  const allocated: number[] = []
  const log: Logger = {
    ...noopLogger,
    debug: (message, fields) => {
      if (message !== 'Slot changed' || fields?.['from'] !== 'free') return
      allocated.push(Number(fields['slotNumber']))
    },
    child: () => log,
  }
  return { log, allocated }
}

t.test('MiniCluster: slot sharing groups with resources', async (t) => {
  const fineGrained = {
    'cluster.fine-grained-resource-management.enabled': 'true',
    'taskmanager.memory.task.heap.size': '300m',
    'taskmanager.memory.managed.size': '90m',
    'slot.request.timeout': '1 s',
    'resourcemanager.standalone.start-up-time': '1 ms',
  }
  const group = (name: string, heapMb: number, managedMb: number) =>
    SlotSharingGroup.newBuilder(name)
      .setCpuCores(1)
      .setTaskHeapMemoryMB(heapMb)
      .setManagedMemoryMB(managedMb)
      .build()
  const job = (large: SlotSharingGroup) =>
    record((env) =>
      env
        .fromSequence(1, 10)
        .setParallelism(1)
        .slotSharingGroup(group('small', 50, 10))
        .rebalance()
        .map((n) => n * 2)
        .setParallelism(1)
        .slotSharingGroup(large)
        .print()
        .setParallelism(1)
        .slotSharingGroup('default'),
    )
  await t.test('get slots of these sizes beside a default slot of one TaskManager', async (t) => {
    const { log, allocated } = slotLog()
    const { 'slot.request.timeout': _soon, ...keys } = fineGrained
    const options = { keys, numberOfTaskSlotsPerTaskManager: 3, log }
    await withCluster(t, options, async ({ cluster, stdout }) => {
      await (await cluster.submitJob(await job(group('large', 140, 50)))).result()
      t.equal(stdout.lines.length, 10)
      t.same(allocated.sort(), [0, 3, 4])
    })
  })
  await t.test('larger than any TaskManager: the error has the figures', async (t) => {
    await withCluster(t, { keys: fineGrained }, async ({ cluster }) => {
      const recorded = await job(group('large', 301, 50))
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      t.match(
        causesOf(failure).at(-1)?.message,
        /1 slot with cpu 1, task heap 301 mb, managed 50 mb is missing, more than the largest TaskManager has \(cpu 1, task heap 300 mb, managed 90 mb, .*\): no number of them helps, only larger ones .*smaller profile of the slot sharing group; .*1 TaskManager has 1 slot, 0 of them free. Start/,
      )
    })
  })
  await t.test('use default slots that are large enough unless slots are carved', async (t) => {
    const { log, allocated } = slotLog()
    const { 'cluster.fine-grained-resource-management.enabled': _enabled, ...keys } = fineGrained
    const options = { keys, numberOfTaskSlotsPerTaskManager: 3, log }
    await withCluster(t, options, async ({ cluster, stdout }) => {
      await (await cluster.submitJob(await job(group('large', 100, 30)))).result()
      t.equal(stdout.lines.length, 10)
      t.same(allocated.sort(), [0, 1, 2])
      const recorded = await job(group('large', 101, 30))
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      t.match(
        causesOf(failure).at(-1)?.message,
        /more than a slot of the largest TaskManager has \(.*; cluster.fine-grained-resource-management.enabled is not set\)/,
      )
    })
  })
})

t.test('MiniCluster: what can be no key is refused alike at any parallelism', async (t) => {
  await withCluster(t, { numberOfTaskSlotsPerTaskManager: 2 }, async ({ cluster }) => {
    const messages = [1, 2].map(async (parallelism) => {
      const recorded = await record((env) =>
        env
          .fromSequence(1, 10)
          .setParallelism(1)
          .keyBy(() => new Map() as never)
          .map((v) => v)
          .setParallelism(parallelism)
          .print(),
      )
      const failure = await (await cluster.submitJob(recorded)).result().catch((e: Error) => e)
      return causesOf(failure).at(-1)?.message
    })
    const [alone, many] = await Promise.all(messages)
    t.match(alone, /^Operator 'keyBy behind .*': Cannot use this value as a key: key: a Map;/)
    t.equal(alone, many)
  })
})
