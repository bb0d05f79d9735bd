import type { OperatorFactory } from '@flink-ts/runtime'
import t from 'tap'
import { TestingInput } from '../testing-input.js'
import { countingSource } from '../testing-job.js'
import { testingTask } from '../testing-task.js'
import { barrier, checkpointIo, DIRECTORY, passing, withoutFlush } from './checkpoint-io.js'

t.test(
  'SAVEPOINT_SUSPEND: a task processes nothing until the outcome is known, then ends without finishing',
  async (t) => {
    for (const isCompleted of [true, false]) {
      let finished = 0
      const { io, reports } = checkpointIo()
      const world = testingTask(passing({ finish: () => void finished++ }), { checkpoints: io })
      await world.start()
      world.input.event(
        barrier(1, { snapshotType: 'SAVEPOINT_SUSPEND', targetLocation: DIRECTORY }),
      )
      world.input.records('behind')
      await world.run()
      t.same(reports, ['ack 1'])
      t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1'])
      if (isCompleted) {
        world.input.queue.length = 0
        world.task.notifyCheckpointComplete(1n)
        world.input.end()
        await world.run()
        t.same(withoutFlush(world.output.written).slice(1, 3), ['END_OF_DATA', 'END_OF_PARTITION'])
        t.equal(world.states.at(-1), 'FINISHED')
        t.equal(finished, 0)
      } else {
        world.task.notifyCheckpointAborted(1n)
        await world.run()
        t.equal(withoutFlush(world.output.written).at(-1), 'behind')
        world.task.cancel()
        await world.run()
      }
    }
  },
)

t.test(
  'SAVEPOINT_TERMINATE: a source ends its data first, the savepoint has what finishing made',
  async (t) => {
    const { io, reports } = checkpointIo()
    const source = countingSource(1e9)
    const finishing: OperatorFactory = {
      type: 'source',
      createOperator: (context) => ({
        ...source.createOperator(context),
        emitNext: () => 'NOTHING_AVAILABLE',
        isAvailable: () => new Promise<void>(() => {}),
        finish: () =>
          new Promise<void>((resolve) =>
            setImmediate(() => {
              context.output.collect('the rest', Number.NaN)
              resolve()
            }),
          ),
      }),
    } as OperatorFactory
    const world = testingTask(finishing, { inputs: [], checkpoints: io })
    await world.start()
    world.task.triggerCheckpoint(
      barrier(1, { snapshotType: 'SAVEPOINT_TERMINATE', targetLocation: DIRECTORY }),
    )
    await world.run()
    const [watermark, ...rest] = withoutFlush(world.output.written)
    t.match(watermark, /^wm 9/)
    t.same(rest, ['the rest', 'END_OF_DATA', 'CHECKPOINT_BARRIER 1'])
    t.same(reports, ['ack 1'])
    t.equal(world.states.at(-1), 'RUNNING', 'it waits for the savepoint')
    world.task.notifyCheckpointComplete(1n)
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)

t.test('the operators finish before anything that comes behind the end of all data', async (t) => {
  const order: string[] = []
  const { io } = checkpointIo()
  const world = testingTask(
    passing({
      finish: () => void order.push('finish'),
      snapshotState: () => void order.push('state'),
    }),
    { inputs: [new TestingInput(0, 2)], checkpoints: io },
  )
  await world.start()
  for (const channel of [0, 1]) {
    world.input.event({ type: 'END_OF_DATA', drain: true }, channel)
    world.input.event(barrier(1), channel)
  }
  await world.run()
  t.same(order, ['finish', 'state'])
  t.same(withoutFlush(world.output.written), ['END_OF_DATA', 'CHECKPOINT_BARRIER 1'])
  world.task.cancel()
  await world.run()
})

t.test(
  'a task whose operators need it ends with the first checkpoint that begins after they finished',
  async (t) => {
    const { io, reports } = checkpointIo()
    const follows: unknown[] = []
    const world = testingTask(
      passing({
        needsFinalCheckpoint: true,
        finish: (context: object) => void follows.push(context),
      }),
      { checkpoints: io },
    )
    await world.start()
    world.input.event(barrier(1))
    world.input.end()
    await world.run()
    t.same(follows, [{ checkpointFollows: true }])
    world.task.notifyCheckpointComplete(1n)
    await world.run()
    t.equal(world.states.at(-1), 'RUNNING', 'that one began before')
    world.task.triggerCheckpoint(barrier(2))
    await world.run()
    t.same(reports, ['ack 1', 'ack 2'])
    t.equal(world.states.at(-1), 'RUNNING')
    world.task.notifyCheckpointComplete(2n)
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)

t.test(
  'a task that had finished in its checkpoint opens nothing, ends its data and takes part as finished',
  async (t) => {
    const { io, reports } = checkpointIo()
    const finished = { keyed: [], operatorState: [], inFlight: [], finished: true }
    const restore = { checkpointId: 1n, operators: new Map([['map', finished]]) }
    const open = () => t.fail('it is not opened')
    const world = testingTask(passing({ open }), { checkpoints: { ...io, restore } })
    await world.start()
    await world.run()
    t.match(withoutFlush(world.output.written), [/^wm 9/, 'END_OF_DATA'])
    world.input.event(barrier(2))
    await world.run()
    t.same(reports, ['ack 2'])
    world.input.end()
    await world.run()
    t.equal(world.states.at(-1), 'FINISHED')
  },
)
