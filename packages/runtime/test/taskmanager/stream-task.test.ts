import { ManualClock } from '@flink-ts/core/testing'
import {
  OperatorChain,
  type OperatorContext,
  StreamTask,
  type TaskInput,
  type TaskInputHandler,
  type TaskOutput,
} from '@flink-ts/runtime'
import t from 'tap'
import { mapping, operator } from './testing-job.js'

/** A gate of one channel, filled by hand. */
class TestingInput implements TaskInput {
  readonly inputIndex: number
  readonly numberOfChannels = 1
  readonly queue: ((handler: TaskInputHandler) => void)[] = []
  closed = false
  #callback: (() => void) | undefined

  constructor(inputIndex = 0) {
    this.inputIndex = inputIndex
  }

  put(element: (handler: TaskInputHandler) => void): void {
    this.queue.push(element)
    this.#callback?.()
    this.#callback = undefined
  }

  records(...values: unknown[]): void {
    for (const value of values) this.put((handler) => handler.onRecord(value, Number.NaN, 0))
  }

  end(): void {
    this.put((handler) => handler.onEvent({ type: 'END_OF_DATA', drain: true }, 0))
    this.put((handler) => handler.onEvent({ type: 'END_OF_PARTITION' }, 0))
  }

  poll(handler: TaskInputHandler, maxElements: number) {
    for (let i = 0; i < maxElements; i++) {
      const element = this.queue.shift()
      if (element === undefined) return 'NOTHING_AVAILABLE' as const
      element(handler)
    }
    return 'MORE_AVAILABLE' as const
  }

  onAvailable(callback: () => void): void {
    this.#callback = callback
  }

  close(): void {
    this.closed = true
  }
}

class TestingOutput implements TaskOutput {
  recordCount = 0
  readonly written: unknown[] = []
  available = true
  #callback: (() => void) | undefined

  collect(value: unknown): void {
    this.recordCount++
    this.written.push(value)
  }
  emitWatermark(timestampMs: number): void {
    this.written.push(`wm ${timestampMs}`)
  }
  emitWatermarkStatus(status: string): void {
    this.written.push(status)
  }
  isAvailable(): boolean {
    return this.available
  }
  onAvailable(callback: () => void): void {
    this.#callback = callback
  }
  makeAvailable(): void {
    this.available = true
    this.#callback?.()
  }
  flush(): void {
    this.written.push('flush')
  }
  endOfData(): void {
    this.written.push('END_OF_DATA')
  }
  endOfPartition(): void {
    this.written.push('END_OF_PARTITION')
  }
  close(): void {
    this.written.push('close')
  }
}

function task(
  process: (value: unknown, context: OperatorContext) => void,
  options: {
    inputs?: TestingInput[]
    hooks?: Parameters<typeof mapping>[1]
    bufferTimeoutMs?: number
  } = {},
) {
  const clock = new ManualClock()
  const inputs = options.inputs ?? [new TestingInput()]
  const output = new TestingOutput()
  const states: string[] = []
  let wakes = 0
  let error: unknown
  const made = new StreamTask({
    name: 'task (1/1)',
    clock,
    loadCode: () => ({
      operators: new Map([['map', mapping(process, options.hooks)]]),
      edges: new Map(),
    }),
    assemble: (code) => ({
      inputs,
      outputs: [output],
      chain: new OperatorChain({
        operators: [operator('map')],
        code: code.operators,
        networkOutputs: new Map([[operator('map').operatorId, [output]]]),
        objectReuse: false,
        createContext: (_descriptor, out) => ({ output: out }) as OperatorContext,
      }),
    }),
    bufferTimeoutMs: options.bufferTimeoutMs ?? -1,
    wake: () => {
      wakes++
    },
    onStateChange: (state, cause) => {
      states.push(state)
      error = cause
    },
  })
  /** Steps until the task waits or ends, letting promises settle in between. */
  const run = async () => {
    for (let i = 0; i < 20; i++) {
      while (made.step() === 'CONTINUE') {}
      await new Promise(setImmediate)
    }
  }
  return {
    clock,
    task: made,
    input: inputs[0]!,
    inputs,
    output,
    states,
    run,
    wakes: () => wakes,
    error: () => error,
  }
}

const forward = (value: unknown, { output }: OperatorContext) => output.collect(value, Number.NaN)

t.test(
  'StreamTask ends in Flink order: finish, END_OF_DATA, END_OF_PARTITION, close',
  async (t) => {
    const order: string[] = []
    const s = task(forward, {
      hooks: {
        finish: () => void order.push(`finish after ${s.output.written}`),
        close: () => void order.push(`close after ${s.output.written.at(-1)}`),
      },
    })
    s.input.records('a', 'b')
    s.input.end()
    await s.run()

    t.strictSame(s.states, ['INITIALIZING', 'RUNNING', 'FINISHED'])
    t.strictSame(order, ['finish after a,b', 'close after END_OF_PARTITION'])
    t.strictSame(s.output.written, ['a', 'b', 'END_OF_DATA', 'flush', 'END_OF_PARTITION', 'close'])
    t.ok(s.input.closed)
  },
)

t.test('StreamTask takes no input while an output is not available', async (t) => {
  const s = task(forward)
  await s.run()
  s.output.available = false
  s.input.records('a')
  await s.run()
  t.strictSame(s.output.written, [])
  s.clock.advance(40)
  const before = s.wakes()
  s.output.makeAvailable()
  t.equal(s.wakes(), before + 1)
  await s.run()

  t.strictSame(s.output.written, ['a'])
  t.equal(s.task.time.accumulatedMs('softBackPressured'), 40)
  s.clock.advance(5)
  t.equal(s.task.time.accumulatedMs('idle'), 5)
})

t.test('StreamTask flushes what was written a buffer timeout later, once', async (t) => {
  const s = task(forward, { bufferTimeoutMs: 100 })
  await s.run()
  t.equal(s.clock.pendingTimers, 0)
  s.input.records('a')
  await s.run()
  s.clock.advance(99)
  await s.run()
  t.strictSame(s.output.written, ['a'])
  s.clock.advance(1)
  await s.run()

  t.strictSame(s.output.written, ['a', 'flush'])
  t.equal(s.clock.pendingTimers, 0, 'an idle task needs no timer')
})

t.test('StreamTask merges the watermarks of the channels of one input', async (t) => {
  const s = task(forward, { inputs: [new TestingInput(), new TestingInput()] })
  s.inputs[0]!.put((handler) => handler.onWatermark(5, 0))
  await s.run()
  t.strictSame(s.output.written, [])
  s.inputs[1]!.put((handler) => handler.onWatermark(3, 0))
  await s.run()
  s.inputs[0]!.end()
  await s.run()
  t.equal(s.states.at(-1), 'RUNNING', 'one of two inputs has ended')
  s.inputs[1]!.end()
  await s.run()

  t.strictSame(s.output.written.slice(0, 2), ['wm 3', 'END_OF_DATA'])
  t.equal(s.states.at(-1), 'FINISHED')
})

t.test(
  'StreamTask runs mails between batches, and nothing else while one is asynchronous',
  async (t) => {
    const s = task(forward)
    await s.run()
    let settle = () => {}
    s.task.mailbox.execute(
      () =>
        new Promise<void>((resolve) => {
          settle = resolve
        }),
      'slow mail',
    )
    s.input.records('a')
    await s.run()
    t.strictSame(s.output.written, [])
    settle()
    await s.run()

    t.strictSame(s.output.written, ['a'])
  },
)

t.test('StreamTask is cancelled in every phase', async (t) => {
  const never = new Promise<void>(() => {})
  const created = task(forward)
  created.task.cancel()
  await created.run()
  t.strictSame(created.states, ['CANCELING', 'CANCELED'])

  const opening = task(forward, { hooks: { open: () => never as never } })
  await opening.run()
  opening.task.cancel()
  await opening.run()
  t.strictSame(opening.states, ['INITIALIZING', 'CANCELING', 'CANCELED'])

  const finishing = task(forward, { hooks: { finish: () => never as never } })
  finishing.input.end()
  await finishing.run()
  finishing.task.cancel()
  await finishing.run()
  t.strictSame(finishing.states, ['INITIALIZING', 'RUNNING', 'CANCELING', 'CANCELED'])
  t.notOk(finishing.output.written.includes('END_OF_PARTITION'), 'its consumers must fail')
})

t.test('StreamTask fails with the first error and still closes', async (t) => {
  let closed = false
  const s = task(
    () => {
      throw new Error('boom')
    },
    {
      hooks: {
        close() {
          closed = true
          throw new Error('closing fails too')
        },
      },
    },
  )
  s.input.records(1)
  await s.run()

  t.strictSame(s.states, ['INITIALIZING', 'RUNNING', 'FAILED'])
  t.match(s.error(), { message: 'boom' })
  t.ok(closed)
  t.equal(s.task.step(), 'ENDED')
})
