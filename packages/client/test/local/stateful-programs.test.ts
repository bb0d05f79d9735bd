import {
  type CheckpointedFunction,
  type Collector,
  type FileSystem,
  type FunctionInitializationContext,
  type MapState,
  type OperatorListState,
  type RuntimeContext,
  type StateDeclaration,
  type TypeInformation,
  Types,
  type ValueState,
} from '@flink-ts/core'
import {
  DataGeneratorSource,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type OnTimerContext,
  RateLimiterStrategy,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from '@flink-ts/streaming'
import t from 'tap'
import { CHECKPOINTED, pause, stopWithSavepoint } from './checkpoints-of-cluster.js'
import { readLines } from './files-of-cluster.js'
import { record, withCluster } from './testing-cluster.js'

const SIZE = { numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 2 }
const WINDOW = 100
const KEY_COUNT = 7

/** Counts the numbers of each key and window; the timer of its end tells how many there were. */
class CountWindows implements KeyedProcessFunction<number, number, string> {
  private counts!: MapState<number, number>
  private readonly onWindow: (end: number) => void

  constructor(onWindow: (end: number) => void) {
    this.onWindow = onWindow
  }

  open(context: RuntimeContext) {
    this.counts = context.getMapState<number, number>({ name: 'counts' })
  }

  processElement(n: number, context: KeyedProcessContext<number>) {
    const end = n - (n % WINDOW) + WINDOW
    this.counts.put(end, (this.counts.get(end) ?? 0) + 1)
    context.timerService().registerEventTimeTimer(end - 1)
  }

  onTimer(timestampMs: number, context: OnTimerContext<number>, out: Collector<string>) {
    const end = timestampMs + 1
    this.onWindow(end)
    out.collect(`${context.getCurrentKey()} ${end} ${this.counts.get(end)}`)
    this.counts.remove(end)
  }
}

/** Collects lines three by three; those that wait are operator state. */
class Triples implements CheckpointedFunction {
  private waiting: string[] = []
  private state!: OperatorListState<string>

  initializeState({ operatorStateStore }: FunctionInitializationContext) {
    this.state = operatorStateStore.getListState<string>({ name: 'waiting', type: Types.string })
    this.waiting = [...this.state.get()]
  }

  snapshotState() {
    this.state.update(this.waiting)
  }

  flatMap(line: string): string[] {
    this.waiting.push(line)
    return this.waiting.length < 3 ? [] : this.waiting.splice(0)
  }
}

function windows(
  env: StreamExecutionEnvironment,
  job: { parallelism: number; numbers: number; onWindow?: (end: number) => void },
): void {
  const { numbers, onWindow = () => {} } = job
  env.setParallelism(job.parallelism)
  env
    .fromSource(
      new DataGeneratorSource((n) => n, numbers, RateLimiterStrategy.perSecond(3_000)),
      WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n),
      'numbers',
    )
    .keyBy((n) => n % KEY_COUNT)
    .process(new CountWindows(onWindow))
    .flatMap(new Triples())
    .uid('triples')
    .writeAsText('memory:///out')
}

function expectedWindows(numbers: number): string[] {
  const counts = new Map<string, number>()
  for (let n = 0; n < numbers; n++) {
    const window = `${n % KEY_COUNT} ${n - (n % WINDOW) + WINDOW}`
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  return [...counts].map(([window, count]) => `${window} ${count}`).sort()
}

t.test(
  'timers, keyed and operator state survive failures: nothing twice, nothing lost',
  async (t) => {
    await withCluster(t, SIZE, async ({ cluster, files }) => {
      const failures: number[] = []
      const onWindow = (end: number) => {
        const due = [500, 1_300, 1_900].find((at) => end >= at && !failures.includes(at))
        if (due === undefined) return
        failures.push(due)
        throw new Error(`window ${due} fails`)
      }
      const job = { parallelism: 2, numbers: 2_100, onWindow }
      await (
        await cluster.submitJob(await record((env) => windows(env, job), CHECKPOINTED))
      ).result()
      t.equal(failures.length, 3)
      // Lines that wait for others when a subtask ends are dropped, at most two of each.
      const lines = (await readLines(files, '/out')).sort()
      const expected = expectedWindows(2_100)
      t.same(
        lines.filter((line, i) => line === lines[i - 1]),
        [],
        'nothing twice',
      )
      t.same(
        lines.filter((line) => !expected.includes(line)),
        [],
        'nothing wrong',
      )
      t.ok(expected.length - lines.length <= 4 && lines.length % 3 === 0, 'nothing lost')
    })
  },
)

/** Adds up numbers per key, with a state of the given type. */
class Sums implements KeyedProcessFunction<number, number, string> {
  readonly declaredStates: StateDeclaration[]
  private readonly type: TypeInformation<{ total: number }>
  private readonly onOpen: () => void
  private sum!: ValueState<{ total: number }>

  constructor(type: TypeInformation<{ total: number }>, onOpen: () => void) {
    this.type = type
    this.onOpen = onOpen
    this.declaredStates = [{ kind: 'value', descriptor: { name: 'sum', type } }]
  }

  open(context: RuntimeContext) {
    this.onOpen()
    this.sum = context.getState({ name: 'sum', type: this.type })
  }

  processElement(n: number, _: KeyedProcessContext<number>, out: Collector<string>) {
    const total = (this.sum.value()?.total ?? 0) + n
    this.sum.update({ total })
    out.collect(`${n % KEY_COUNT} ${total}`)
  }
}

t.test('a savepoint whose state has another type is refused before any task starts', async (t) => {
  await withCluster(t, SIZE, async (testing) => {
    const { cluster } = testing
    let opened = 0
    const sums =
      (type: TypeInformation<{ total: number }>) => (env: StreamExecutionEnvironment) => {
        env.setParallelism(1)
        env
          .fromSource(
            new DataGeneratorSource((n) => n, 100_000, RateLimiterStrategy.perSecond(1_000)),
            'numbers',
          )
          .uid('numbers')
          .keyBy((n) => n % KEY_COUNT)
          .process(new Sums(type, () => opened++))
          .uid('sums')
          .print()
      }
    const { 'execution.checkpointing.interval': _, ...keys } = CHECKPOINTED
    const first = await record(sums(Types.object({ total: Types.int })), keys)
    const running = await cluster.submitJob(first)
    while (testing.stdout.lines.length < 20) await pause()
    const path = await stopWithSavepoint(testing, first)
    await running.result()

    opened = 0
    const restored = { ...keys, 'execution.state-recovery.path': path }
    const other = await record(sums(Types.object({ total: Types.string }) as never), restored)
    const refused = await cluster
      .submitJob(other)
      .then((job) => job.result().catch(chainOf), chainOf)
    t.match(refused, /StateIncompatibleError/)
    t.match(
      refused,
      /state "sum" of operator "KeyedProcess".*total.*int.*string/s,
      'names operator, state, field and both types',
    )
    t.equal(opened, 0, 'no task has started')

    testing.stdout.lines.splice(0)
    const wider = await record(sums(Types.object({ total: Types.double })), restored)
    const goesOn = await cluster.submitJob(wider)
    while (testing.stdout.lines.length < 20) await pause()
    t.equal(opened, 1, 'types may widen')
    const totals = testing.stdout.lines.map((line) => Number(line.split(' ')[1]))
    t.ok(
      totals.every((total) => total > KEY_COUNT),
      'and what was added up goes on',
    )
    await goesOn.cancel()
    await t.rejects(goesOn.result())
  })
})

t.test('jobs begin with one savepoint again and again, and under other paths', async (t) => {
  await withCluster(t, SIZE, async (testing) => {
    const { cluster, files } = testing
    const lines = (perSecond: number, path: string) => (env: StreamExecutionEnvironment) => {
      env.setParallelism(2)
      env
        .fromSource(
          new DataGeneratorSource((n) => `${n}`, 500, RateLimiterStrategy.perSecond(perSecond)),
          'numbers',
        )
        .uid('numbers')
        .writeAsText(`memory://${path}`)
        .uid('text')
    }
    const first = await record(lines(20, '/text'), CHECKPOINTED)
    const running = await cluster.submitJob(first)
    while (!(await hasCheckpoint(files))) await pause()
    const savepoint = await stopWithSavepoint(testing, first)
    await running.result()
    const all = Array.from({ length: 500 }, (_, n) => `${n}`).sort()
    for (const path of ['/text', '/text', '/elsewhere/text']) {
      const keys = { ...CHECKPOINTED, 'execution.state-recovery.path': savepoint }
      const job = await cluster.submitJob(await record(lines(2_000, path), keys))
      await job.result()
      t.same((await readLines(files, path)).sort(), all, path)
      if (path === '/text') await files.delete(`${path}/1`, { recursive: false })
    }
    t.notOk(await files.exists('/text/1'), 'the other path is left alone')
  })
})

function chainOf(error: unknown): string {
  let text = ''
  for (let e = error; e instanceof Error; e = e.cause) text += `${e.name} ${e.message}\n`
  return text
}

/** Whether one is complete: then all tasks run. */
async function hasCheckpoint(files: FileSystem): Promise<boolean> {
  const jobs = (await files.exists('/cp')) ? await files.list('/cp') : []
  const folders = (await Promise.all(jobs.map(({ path }) => files.list(path)))).flat()
  const complete = folders.map(({ path }) => files.exists(`${path}/_metadata`))
  return (await Promise.all(complete)).includes(true)
}
