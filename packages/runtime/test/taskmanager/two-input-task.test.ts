import type {
  InputSelection,
  OperatorContext,
  OperatorFactory,
  TwoInputStreamOperator,
} from '@flink-ts/runtime'
import t from 'tap'
import { FloodingInput, TestingInput } from './testing-input.js'
import { testingTask } from './testing-task.js'

/** Emits what it takes with the number of the input; `own` may add to it. */
function twoInput(
  own: (context: OperatorContext) => Partial<TwoInputStreamOperator> = () => ({}),
): OperatorFactory {
  return {
    type: 'twoInput',
    createOperator: (context: OperatorContext): TwoInputStreamOperator => {
      const { output } = context
      return {
        open() {},
        finish() {},
        close() {},
        processElement1: (value, timestamp) => output.collect(`1${value}`, timestamp),
        processElement2: (value, timestamp) => output.collect(`2${value}`, timestamp),
        processWatermark1: (ms) => output.collect(`1wm ${ms}`, Number.NaN),
        processWatermark2: (ms) => output.collect(`2wm ${ms}`, Number.NaN),
        processWatermarkStatus1: (status) => output.collect(`1${status}`, Number.NaN),
        processWatermarkStatus2: (status) => output.collect(`2${status}`, Number.NaN),
        ...own(context),
      }
    },
  }
}

function selecting(first: InputSelection, log: string[] = []) {
  const state = { selection: first }
  const factory = twoInput(({ output }) => ({
    nextSelection: () => state.selection,
    endInput: (input) => {
      log.push(`end ${input}`)
      output.collect(`end ${input}`, Number.NaN)
    },
  }))
  return { state, factory, log }
}

t.test('a task with two inputs reads both in turn and merges each input by itself', async (t) => {
  // Two gates feed the second input: a union.
  const inputs = [new TestingInput(0), new TestingInput(1), new TestingInput(1)]
  const s = testingTask(twoInput(), { inputs })
  await s.start()
  inputs[0]!.records('a')
  inputs[1]!.records('b')
  inputs[2]!.records('c')
  await s.run()
  t.strictSame(s.output.written, ['1a', '2b', '2c'])
  s.output.written.length = 0

  inputs[1]!.put((handler) => handler.onWatermark(7, 0))
  inputs[0]!.put((handler) => handler.onWatermark(9, 0))
  await s.run()
  t.strictSame(s.output.written, ['1wm 9'])
  inputs[2]!.put((handler) => handler.onWatermark(5, 0))
  inputs[2]!.put((handler) => handler.onWatermarkStatus('IDLE', 0))
  await s.run()
  t.strictSame(s.output.written, ['1wm 9', '2wm 5', '2wm 7'])
  t.equal(s.task.recordsIn, 3)
})

t.test('a flooding input does not starve the other one', async (t) => {
  const flood = new FloodingInput(0)
  const quiet = new TestingInput(1)
  const s = testingTask(twoInput(), { inputs: [flood, quiet] })
  await s.start()
  for (let i = 0; i < 50; i++) s.task.step()
  const before = flood.numRead
  quiet.records('q')
  while (quiet.numRead === 0) s.task.step()
  t.ok(flood.numRead - before <= 512, `${flood.numRead - before} records of the other input`)

  const both = [new FloodingInput(0), new FloodingInput(1)]
  const fair = testingTask(twoInput(), { inputs: both })
  await fair.start()
  for (let i = 0; i < 1000; i++) fair.task.step()
  const [first, second] = both.map(({ numRead }) => numRead) as [number, number]
  t.ok(Math.abs(first - second) <= 256, `${first} and ${second} are equal shares`)
})

t.test('what is not selected is not read, and wakes nobody', async (t) => {
  const { state, factory } = selecting('SECOND')
  const inputs = [new TestingInput(0), new TestingInput(1)]
  const s = testingTask(factory, { inputs })
  await s.start()
  inputs[0]!.records('a', 'b')
  inputs[1]!.records('c')
  await s.run()
  t.strictSame(s.output.written, ['2c'])
  t.equal(inputs[0]!.numRead, 0, 'it stays with its producer')
  t.notOk(inputs[0]!.isAwaited)
  t.ok(inputs[1]!.isAwaited)

  // What makes the operator select another input may be a mail.
  s.task.mailbox.execute(() => {
    state.selection = 'FIRST'
  }, 'timer')
  await s.run()
  t.strictSame(s.output.written, ['2c', '1a', '1b'])
})

t.test('a head is asked before each element', async (t) => {
  const inputs = [new TestingInput(0), new TestingInput(1)]
  let asked = 0
  // Takes one of each in turn, whatever is there.
  const zip = twoInput(() => ({
    nextSelection: () => (asked++ % 2 === 0 ? 'FIRST' : 'SECOND'),
  }))
  const s = testingTask(zip, { inputs })
  await s.start()
  asked = 0
  inputs[0]!.records('a', 'b', 'c', 'd')
  inputs[1]!.records('x', 'y', 'z', 'w')
  for (let i = 0; i < 8; i++) s.task.step()
  const { written } = s.output
  t.ok(written.length >= 4)
  t.strictSame(written, ['1a', '2x', '1b', '2y', '1c', '2z', '1d', '2w'].slice(0, written.length))
})

t.test('the end of an input is told, and the other one can be selected then', async (t) => {
  const log: string[] = []
  const inputs = [new TestingInput(0), new TestingInput(1)]
  // The build side first, then the probe side: a hash join.
  let built = false
  const join = twoInput(({ output }) => ({
    nextSelection: () => (built ? 'SECOND' : 'FIRST'),
    endInput: (input) => {
      log.push(`end ${input}`)
      if (input === 1) built = true
      else output.collect('all', Number.NaN)
    },
  }))
  const s = testingTask(join, { inputs })
  inputs[1]!.records('x', 'y')
  inputs[1]!.end()
  await s.run()
  t.strictSame(log, [])
  inputs[0]!.records('a')
  inputs[0]!.end()
  await s.run()
  t.strictSame(log, ['end 1', 'end 2'])
  t.strictSame(s.output.written, [
    ...['1a', '2x', '2y', 'all', 'END_OF_DATA', 'flush', 'END_OF_PARTITION', 'close'],
  ])
  t.equal(s.states.at(-1), 'FINISHED')
})

t.test('an input that has ended cannot be waited for', async (t) => {
  const { factory } = selecting('FIRST')
  const inputs = [new TestingInput(0), new TestingInput(1)]
  const s = testingTask(factory, { inputs })
  inputs[0]!.end()
  inputs[1]!.records('x')
  await s.run()
  t.equal(s.states.at(-1), 'FAILED')
  t.match(s.error(), {
    code: 'FLINK_INPUT_SELECTION',
    operatorName: 'map',
    message: /'map' can make no progress: its nextSelection answered FIRST/,
  })
})

t.test('without selection an operator with two inputs is told of both ends too', async (t) => {
  const { factory, log } = selecting('ALL')
  const inputs = [new TestingInput(0), new TestingInput(1)]
  const s = testingTask(factory, { inputs })
  inputs[1]!.end()
  await s.run()
  t.strictSame(log, ['end 2'])
  inputs[0]!.end()
  await s.run()
  t.strictSame(log, ['end 2', 'end 1'])
  t.equal(s.states.at(-1), 'FINISHED')
})

t.test('a gate that has ended wakes nobody while the other one is quiet', async (t) => {
  const inputs = [new TestingInput(0), new TestingInput(1)]
  const s = testingTask(twoInput(), { inputs })
  inputs[0]!.end()
  await s.run()
  t.notOk(inputs[0]!.isAwaited, 'it would be available for ever')
  t.ok(inputs[1]!.isAwaited)
  inputs[1]!.records('x')
  await s.run()
  t.strictSame(s.output.written, ['2x'])
})
