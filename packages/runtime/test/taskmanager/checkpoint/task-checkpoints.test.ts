import type { OperatorFactory } from '@flink-ts/runtime'
import t from 'tap'
import { TestingInput } from '../testing-input.js'
import { countingSource } from '../testing-job.js'
import { testingTask } from '../testing-task.js'
import { barrier, checkpointIo, passing, withoutFlush } from './checkpoint-io.js'

t.test(
  'a checkpoint: what operators hold back, the barrier, their state, later records',
  async (t) => {
    const order: string[] = []
    const { io, reports } = checkpointIo()
    let emit = (_: string) => {}
    const factory: OperatorFactory = {
      type: 'oneInput',
      createOperator: (context) => {
        emit = (value) => context.output.collect(value, Number.NaN)
        return passing({
          prepareSnapshotPreBarrier: () => emit('held back'),
          snapshotState: () =>
            void order.push(`state with ${withoutFlush(world.output.written).join()}`),
          notifyCheckpointComplete: (id: bigint) => void order.push(`complete ${id}`),
          notifyCheckpointAborted: (id: bigint) => void order.push(`aborted ${id}`),
        }).createOperator(context)
      },
    }
    const world = testingTask(factory, { inputs: [new TestingInput(0, 2)], checkpoints: io })
    await world.start()
    const { input, output, task } = world
    input.event(barrier(1), 1)
    input.put((handler) => handler.onRecord('behind', Number.NaN, 1), 1)
    input.records('before')
    await world.run()
    t.same(withoutFlush(output.written), ['before'])
    input.event(barrier(1), 0)
    await world.run()
    t.same(withoutFlush(output.written), ['before', 'held back', 'CHECKPOINT_BARRIER 1', 'behind'])
    t.same(order, ['state with before,held back,CHECKPOINT_BARRIER 1'])
    t.equal(world.error(), undefined)
    t.same(reports, ['ack 1'])
    task.notifyCheckpointComplete(1n)
    task.notifyCheckpointAborted(2n)
    await world.run()
    t.same(order.slice(1), ['complete 1', 'aborted 2'])
    task.cancel()
    await world.run()
  },
)

t.test('nothing happens in a task while the state of a checkpoint is being taken', async (t) => {
  let taken = () => {}
  const { io, reports } = checkpointIo()
  const snapshotState = () =>
    new Promise<void>((resolve) => {
      taken = resolve
    })
  const world = testingTask(passing({ snapshotState }), { checkpoints: io })
  await world.start()
  world.input.event(barrier(1))
  world.input.records('behind')
  world.task.notifyCheckpointComplete(1n)
  await world.run()
  t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1'])
  t.same(reports, [])
  taken()
  await world.run()
  t.same(withoutFlush(world.output.written), ['CHECKPOINT_BARRIER 1', 'behind'])
  t.same(reports, ['ack 1'])
  world.task.cancel()
  await world.run()
})

t.test('a task fails when an operator cannot give its state', async (t) => {
  for (const isAsynchronous of [false, true]) {
    const { io } = checkpointIo()
    const snapshotState = () => {
      if (isAsynchronous) return Promise.reject(new Error('no state'))
      throw new Error('no state')
    }
    const world = testingTask(passing({ snapshotState }), { checkpoints: io })
    await world.start()
    world.input.event(barrier(1))
    await world.run()
    t.equal(world.states.at(-1), 'FAILED')
    t.match(world.error(), { message: 'no state' })
  }
})

t.test(
  'a task that gives a checkpoint up tells the tasks behind it and the coordinator once',
  async (t) => {
    const { io, reports } = checkpointIo()
    const world = testingTask(passing(), { inputs: [new TestingInput(0, 2)], checkpoints: io })
    await world.start()
    world.input.event(barrier(1), 0)
    world.input.event({ type: 'CANCEL_CHECKPOINT', checkpointId: 1n }, 1)
    world.input.event({ type: 'CANCEL_CHECKPOINT', checkpointId: 1n }, 0)
    world.input.records('goes on')
    await world.run()
    t.same(withoutFlush(world.output.written), ['CANCEL_CHECKPOINT 1', 'goes on'])
    t.same(reports, ['decline 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'])
    world.input.event(barrier(2), 1)
    await world.run()
    world.task.notifyCheckpointAborted(2n)
    world.input.put((handler) => handler.onRecord('free again', Number.NaN, 1), 1)
    await world.run()
    t.equal(withoutFlush(world.output.written).at(-1), 'free again')
    t.equal(reports.length, 1, 'the coordinator knows what it has aborted')
    world.task.cancel()
    await world.run()
  },
)

t.test('a task declines a trigger that a later checkpoint has overtaken, once', async (t) => {
  const { io, reports } = checkpointIo()
  const world = testingTask(countingSource(1e9), { inputs: [], checkpoints: io })
  await world.start()
  world.task.triggerCheckpoint(barrier(2))
  world.task.triggerCheckpoint(barrier(2))
  world.task.triggerCheckpoint(barrier(1))
  for (let i = 0; i < 20; i++) {
    world.task.step()
    await new Promise(setImmediate)
  }
  t.same(reports.toSorted(), ['ack 2', 'decline 1 CHECKPOINT_DECLINED_SUBSUMED'])
  world.task.cancel()
  await world.run()
})
