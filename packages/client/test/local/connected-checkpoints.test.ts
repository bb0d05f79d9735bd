import { type Collector, type MapState, type RuntimeContext, Types } from '@flink-ts/core'
import {
  DataGeneratorSource,
  type KeyedCoProcessFunction,
  type KeyedProcessContext,
  type OnTimerContext,
  RateLimiterStrategy,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from '@flink-ts/streaming'
import t from 'tap'
import { CHECKPOINTED } from './checkpoints-of-cluster.js'
import { readLines } from './files-of-cluster.js'
import { record, withCluster } from './testing-cluster.js'

const KEYS = 5
const WINDOW = 100
const LEFT = 800
const RIGHT = 1600

type Side = 'left' | 'right'

/** Counts both sides by key and window; the timer of its end tells both. */
class CountBoth implements KeyedCoProcessFunction<number, number, number, string> {
  private readonly onElement: () => void
  private counts!: MapState<string, number>

  constructor(onElement: () => void) {
    this.onElement = onElement
  }

  open(context: RuntimeContext) {
    const descriptor = { name: 'counts', keyType: Types.string, valueType: Types.int }
    this.counts = context.getMapState<string, number>(descriptor)
  }

  processElement1(n: number, context: KeyedProcessContext<number>) {
    this.count('left', n, context)
  }

  processElement2(n: number, context: KeyedProcessContext<number>) {
    this.count('right', n, context)
  }

  onTimer(timestampMs: number, context: OnTimerContext<number>, out: Collector<string>) {
    const end = timestampMs + 1
    const [left, right] = (['left', 'right'] as const).map((side) => {
      const count = this.counts.get(`${side} ${end}`) ?? 0
      this.counts.remove(`${side} ${end}`)
      return count
    })
    out.collect(`${context.getCurrentKey()} ${end} ${left}+${right}`)
  }

  private count(side: Side, n: number, context: KeyedProcessContext<number>): void {
    this.onElement()
    const end = n - (n % WINDOW) + WINDOW
    this.counts.put(`${side} ${end}`, (this.counts.get(`${side} ${end}`) ?? 0) + 1)
    context.timerService().registerEventTimeTimer(end - 1)
  }
}

function numbers(env: StreamExecutionEnvironment, name: Side, count: number, perSecond: number) {
  return env
    .fromSource(
      new DataGeneratorSource((n) => n, count, RateLimiterStrategy.perSecond(perSecond)),
      WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n),
      name,
    )
    .keyBy((n) => n % KEYS)
}

function expectedLines(): string[] {
  const lines: string[] = []
  for (let end = WINDOW; end <= RIGHT; end += WINDOW) {
    const of = (count: number) => (end <= count ? WINDOW / KEYS : 0)
    for (let key = 0; key < KEYS; key++) lines.push(`${key} ${end} ${of(LEFT)}+${of(RIGHT)}`)
  }
  return lines.sort()
}

const UNALIGNED = { 'execution.checkpointing.unaligned.enabled': 'true' }
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aligned: {},
  unaligned: UNALIGNED,
  'unaligned after a time, timers in turns': {
    ...UNALIGNED,
    'execution.checkpointing.aligned-checkpoint-timeout': '5 ms',
    'execution.checkpointing.unaligned.interruptible-timers.enabled': 'true',
  },
}

for (const [way, keys] of Object.entries(WAYS)) {
  t.test(`connected streams survive failures, ${way}: nothing twice, nothing lost`, async (t) => {
    const size = { numberOfTaskManagers: 2, numberOfTaskSlotsPerTaskManager: 2 }
    await withCluster(t, size, async ({ cluster, files }) => {
      const failAt = [500, 1200, 1900]
      let elements = 0
      const onElement = () => {
        if (++elements !== failAt[0]) return
        failAt.shift()
        throw new Error(`element ${elements} fails`)
      }
      const job = await record(
        (env) => {
          env.setParallelism(2)
          numbers(env, 'left', LEFT, 1500)
            .connect(numbers(env, 'right', RIGHT, 3000))
            .process(new CountBoth(onElement))
            .writeAsText('memory:///out')
        },
        {
          ...CHECKPOINTED,
          ...keys,
        },
      )
      await (await cluster.submitJob(job)).result()
      t.same(failAt, [], 'it has failed and been restored')
      t.same((await readLines(files, '/out')).sort(), expectedLines())
    })
  })
}
