import type { RuntimeContext, ValueState } from '@flink-ts/core'
import type { OperatorContext, TwoInputStreamOperator } from '@flink-ts/runtime'
import type { StreamExecutionEnvironment } from '@flink-ts/streaming'
import t from 'tap'
import { record, withCluster } from './testing-cluster.js'

interface Event {
  readonly key: number
  readonly value: number
}

const USERS = 50
const PER_USER = 40

/** Counts per key what comes on either side, and emits both counts with each element of the second one. */
class BothCounts {
  private left!: ValueState<number>
  private right!: ValueState<number>

  open(context: RuntimeContext) {
    this.left = context.getState({ name: 'left', defaultValue: 0 })
    this.right = context.getState({ name: 'right', defaultValue: 0 })
  }
  flatMap1() {
    this.left.update(this.left.value()! + 1)
    return this.report()
  }
  flatMap2() {
    this.right.update(this.right.value()! + 1)
    return this.report()
  }
  private report() {
    const [left, right] = [this.left.value()!, this.right.value()!]
    return left === PER_USER && right === 2 * PER_USER ? [`${left}/${right}`] : []
  }
}

const events = (env: StreamExecutionEnvironment, count: number) =>
  env.fromSequence(0, count - 1).map((i): Event => ({ key: Number(i) % USERS, value: Number(i) }))

for (const mode of ['STREAMING', 'BATCH']) {
  t.test(
    `${mode}: both inputs of keyed connected streams see the state of their key`,
    async (t) => {
      const keys = { 'execution.runtime-mode': mode, 'parallelism.default': '3' }
      await withCluster(
        t,
        { keys, numberOfTaskSlotsPerTaskManager: 3 },
        async ({ cluster, stdout }) => {
          const job = await record((env) => {
            const left = events(env, USERS * PER_USER)
            const right = events(env, USERS * PER_USER)
            left
              .connect(right.union(events(env, USERS * PER_USER)))
              .keyBy(
                (e) => e.key,
                (e) => e.key,
              )
              .flatMap<string>(new BothCounts())
              .print()
          }, keys)
          await (await cluster.submitJob(job)).result()
          const reports = stdout.lines.map((line) => line.replace(/^\d+> /, ''))
          t.same(reports, Array(USERS).fill(`${PER_USER}/${2 * PER_USER}`))
        },
      )
    },
  )
}

/** Takes an element of each input in turn, until one has ended. */
function zip({ output }: OperatorContext): TwoInputStreamOperator {
  let first: unknown
  let isFirst = true
  let left = 0
  const ended = [false, false]
  return {
    open() {},
    finish() {
      output.collect(`left over ${left}`, Number.NaN)
    },
    close() {},
    nextSelection: () => {
      if (ended[0]) return 'SECOND'
      if (ended[1]) return 'FIRST'
      return isFirst ? 'FIRST' : 'SECOND'
    },
    endInput: (input) => {
      ended[input - 1] = true
    },
    processElement1(value) {
      if (ended[1]) left++
      first = value
      isFirst = false
    },
    processElement2(value) {
      if (isFirst) left++
      else output.collect(`${first}-${value}`, Number.NaN)
      isFirst = true
    },
    processWatermark1() {},
    processWatermark2() {},
    processWatermarkStatus1() {},
    processWatermarkStatus2() {},
  }
}

t.test('an operator that selects its inputs holds the other one back', async (t) => {
  // Few and small buffers: most of the second input waits with its source.
  const keys = {
    'execution.runtime-mode': 'STREAMING',
    'parallelism.default': '1',
    'taskmanager.memory.segment-size': '4kb',
  }
  await withCluster(
    t,
    { keys, numberOfTaskSlotsPerTaskManager: 3 },
    async ({ cluster, stdout }) => {
      const job = await record((env) => {
        const a = env.fromSequence(1, 5000)
        const b = env.fromSequence(1, 8000)
        a.connect(b).transform<string>('zip', zip).print()
      }, keys)
      await (await cluster.submitJob(job)).result()
      const expected = Array.from({ length: 5000 }, (_, i) => `${i + 1}-${i + 1}`)
      t.same(stdout.lines, [...expected, 'left over 3000'])
    },
  )
})

t.test('one that waits for an input that has ended fails its job', async (t) => {
  await withCluster(t, {}, async ({ cluster }) => {
    const job = await record((env) => {
      const stubborn = (context: OperatorContext) =>
        Object.assign(zip(context), { nextSelection: () => 'FIRST' as const })
      env
        .fromSequence(1, 10)
        .connect(env.fromSequence(1, 10))
        .transform('stubborn', stubborn)
        .print()
    })
    await t.rejects((await cluster.submitJob(job)).result(), {
      cause: { cause: { code: 'FLINK_INPUT_SELECTION' } },
    })
  })
})
