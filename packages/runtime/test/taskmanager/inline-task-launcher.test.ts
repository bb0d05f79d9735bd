import { Configuration, noopLogger, SeededRandom, type SerializedError } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { ShuffleEnvironment } from '@flink-ts/network'
import {
  InlineTaskLauncher,
  type JobCode,
  type OperatorFactory,
  type RunningTask,
  type TaskDeployment,
} from '@flink-ts/runtime'
import t from 'tap'
import { countingSource, deployments, mapping, operator, silentSource } from './testing-job.js'

interface Launched {
  readonly task: RunningTask
  readonly states: string[]
  readonly events: [string, Uint8Array][]
  error: SerializedError | undefined
}

async function inlineCluster(code: JobCode) {
  const clock = new ManualClock()
  const defer = (action: () => void) => void setImmediate(action)
  const shuffle = await ShuffleEnvironment.start({
    resourceId: 'tm',
    host: '127.0.0.1',
    numberOfSegments: 64,
    segmentBytes: 4096,
    clock,
    log: noopLogger,
    defer,
  })
  const lines: string[] = []
  const launcher = new InlineTaskLauncher({
    shuffle,
    defer,
    clock,
    random: new SeededRandom(1),
    fileSystems: { forPath: (path) => t.fail(path) as never },
    sockets: { connect: () => t.fail('no sockets') as never },
    stdout: { writeLine: (line) => lines.push(line), flush() {} },
    log: noopLogger,
    configuration: new Configuration(),
    codeProvider: () => code,
  })
  const launch = (deployment: TaskDeployment): Launched => {
    const launched: Omit<Launched, 'task'> = { states: [], events: [], error: undefined }
    const task = launcher.launch(deployment, {
      onStateChange(state, error) {
        launched.states.push(state)
        launched.error = error
      },
      onOperatorEvent: (id, payload) => launched.events.push([id, payload]),
      onCheckpointAcknowledged() {},
      onCheckpointDeclined() {},
      onFatalError: (error) => t.fail(error.message),
    })
    return Object.assign(launched, { task })
  }
  const close = async () => {
    await launcher.close()
    await shuffle.close()
  }
  return { clock, launch, lines, close, shuffle }
}

function jobCode(operators: Record<string, OperatorFactory>, edges: JobCode['edges'] = new Map()) {
  return { operators: new Map(Object.entries(operators)), edges }
}

t.test('InlineTaskLauncher runs a job over hash edges to its right end', async (t) => {
  const seen: number[][] = [[], []]
  const cluster = await inlineCluster(
    jobCode(
      {
        source: countingSource(10_000),
        double: mapping((value, { output }) => output.collect((value as number) * 2, Number.NaN)),
        sink: mapping((value, { subtaskIndex }) => seen[subtaskIndex]!.push(value as number)),
      },
      new Map([['in-out', { keySelector: (value: unknown) => (value as number) % 7 }]]),
    ),
  )

  const tasks = deployments([
    { id: 'in', parallelism: 1, operators: [operator('source'), operator('double', ['source'])] },
    { id: 'out', parallelism: 2, operators: [operator('sink')] },
  ]).map(cluster.launch)
  await Promise.all(tasks.map(({ task }) => task.released))

  for (const { states } of tasks) t.strictSame(states, ['INITIALIZING', 'RUNNING', 'FINISHED'])
  t.equal(seen[0]!.length + seen[1]!.length, 10_000)
  t.equal(
    [...seen[0]!, ...seen[1]!].reduce((a, b) => a + b, 0),
    99_990_000,
  )
  const keys = seen.map((values) => new Set(values.map((v) => v % 7)))
  t.notOk(
    [...keys[0]!].some((key) => keys[1]!.has(key)),
    'each key has one subtask',
  )
  const metrics = tasks.map(({ task }) => task.metrics())
  t.equal(metrics[0]!.io.numRecordsOut, 10_000)
  t.equal(metrics[0]!.values['double.numRecordsIn'], 10_000)
  t.equal(metrics[1]!.io.numRecordsIn + metrics[2]!.io.numRecordsIn, 10_000)
  t.ok(metrics[0]!.io.numBytesOut > 10_000)
  t.equal(metrics[0]!.channels.length, 2)
  await cluster.close()
  t.equal(cluster.clock.pendingTimers, 0)
})

t.test('InlineTaskLauncher cancels a task that waits, and closes its operators', async (t) => {
  let closed = 0
  const cluster = await inlineCluster(
    jobCode({
      source: silentSource,
      sink: mapping(() => {}, {
        close() {
          closed++
        },
      }),
    }),
  )
  const [only] = deployments([
    { id: 'all', parallelism: 1, operators: [operator('source'), operator('sink', ['source'])] },
  ])
  const launched = cluster.launch(only!)
  await new Promise(setImmediate)
  launched.task.cancel()
  launched.task.cancel()
  await launched.task.released

  t.equal(launched.states.at(-1), 'CANCELED')
  t.equal(closed, 1)
  await cluster.close()
})

t.test('InlineTaskLauncher fails a task with the error of its operator', async (t) => {
  const cluster = await inlineCluster(
    jobCode({
      source: countingSource(5),
      sink: mapping((value) => {
        if (value === 3) throw new TypeError('three is too much')
      }),
    }),
  )
  const [only] = deployments([
    { id: 'all', parallelism: 1, operators: [operator('source'), operator('sink', ['source'])] },
  ])
  const launched = cluster.launch(only!)
  await launched.task.released

  t.equal(launched.states.at(-1), 'FAILED')
  t.match(launched.error, { name: 'TypeError', message: 'three is too much' })
  await cluster.close()
})

t.test('InlineTaskLauncher fails a task whose operator has no code, naming it', async (t) => {
  const cluster = await inlineCluster(jobCode({}))
  const [only] = deployments([{ id: 'all', parallelism: 1, operators: [operator('lost')] }])
  const launched = cluster.launch(only!)
  await launched.task.released

  t.strictSame(launched.states, ['INITIALIZING', 'FAILED'])
  t.match(launched.error, { code: 'FLINK_OPERATOR_CODE', message: /"lost"/ })
  await cluster.close()
})

t.test('InlineTaskLauncher passes events between operators and coordinators', async (t) => {
  const received: Uint8Array[] = []
  const cluster = await inlineCluster(
    jobCode({
      source: {
        type: 'source',
        createOperator: (context) => ({
          open: () => context.sendEventToCoordinator(new Uint8Array([1, 2])),
          finish() {},
          close() {},
          emitNext: () => (received.length === 0 ? 'NOTHING_AVAILABLE' : 'END_OF_INPUT'),
          isAvailable: () => available,
          handleOperatorEvent(event: Uint8Array) {
            received.push(event)
            wake()
          },
        }),
      } as OperatorFactory,
    }),
  )
  let wake = () => {}
  const available = new Promise<void>((resolve) => {
    wake = resolve
  })
  const [only] = deployments([{ id: 'all', parallelism: 1, operators: [operator('source')] }])
  const launched = cluster.launch(only!)
  launched.task.deliverOperatorEvent('source', new Uint8Array([3]))
  await launched.task.released

  t.equal(launched.states.at(-1), 'FINISHED')
  t.strictSame(launched.events, [['source', new Uint8Array([1, 2])]])
  t.strictSame(received, [new Uint8Array([3])])
  await cluster.close()
})
