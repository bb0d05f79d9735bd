import type { OperatorContext } from '@flink-ts/runtime'
import t from 'tap'
import { FloodingInput, TestingInput } from './testing-input.js'
import { mapping } from './testing-job.js'
import { testingTask } from './testing-task.js'

const task = (
  process: (value: unknown, context: OperatorContext) => void,
  options: Parameters<typeof testingTask>[1] & { hooks?: Parameters<typeof mapping>[1] } = {},
) => testingTask(mapping(process, options.hooks), options)

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

t.test('StreamTask shows what was written a buffer timeout later while it is busy', async (t) => {
  const s = task(forward, { bufferTimeoutMs: 100 })
  await s.run()
  s.input.records(...Array.from({ length: 1000 }, (_, i) => `${i}`))
  const flushes = () => s.output.written.filter((what) => what === 'flush').length
  while (s.output.written.length === 0) s.task.step()
  s.clock.advance(99)
  s.task.step()
  t.equal(flushes(), 0)
  s.clock.advance(1)
  s.task.step()
  t.equal(flushes(), 1)
  t.ok(s.output.written.length < 1000, 'it was busy')
})

t.test(
  'StreamTask shows what was written when it has nothing to do, not each record',
  async (t) => {
    const s = task(forward, { bufferTimeoutMs: 100 })
    await s.run()
    t.equal(s.clock.pendingTimers, 0)
    s.input.records('a')
    await s.run()
    t.strictSame(s.output.written, ['a', 'flush'])
    t.equal(s.clock.pendingTimers, 0, 'an idle task needs no timer')

    s.input.records('b')
    await s.run()
    s.clock.advance(4)
    s.input.records('c')
    await s.run()
    t.strictSame(s.output.written.slice(2), ['b', 'c'])
    s.clock.advance(1)
    await s.run()
    t.strictSame(
      s.output.written.slice(2),
      ['b', 'c', 'flush'],
      'a twentieth of the buffer timeout',
    )
    t.equal(s.clock.pendingTimers, 0)
  },
)

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

t.test('StreamTask runs a mail after a bounded number of records of a flooded input', async (t) => {
  const flood = new FloodingInput()
  let numProcessed = 0
  const s = task(() => void numProcessed++, { inputs: [flood] })
  await s.start()
  // Batches grow while they are quick.
  for (let i = 0; i < 100; i++) t.equal(s.task.step(), 'CONTINUE')
  t.ok(numProcessed > 1000)
  let ranAt = 0
  for (let i = 0; i < 20; i++) {
    const sentAt = numProcessed
    ranAt = 0
    s.task.mailbox.execute(() => {
      ranAt = numProcessed
    }, 'mail')
    while (ranAt === 0) s.task.step()
    t.ok(ranAt - sentAt <= 256, `${ranAt - sentAt} records before the mail`)
  }
  s.task.cancel()
  const before = numProcessed
  await s.run()
  t.equal(numProcessed, before, 'a cancelled task processes nothing more')
  t.equal(s.states.at(-1), 'CANCELED')
})

t.test('StreamTask reads its input although mails send mails without end', async (t) => {
  const s = task(forward)
  await s.start()
  let mails = 0
  const mailAgain = () => {
    mails++
    s.task.mailbox.execute(mailAgain, 'again')
  }
  mailAgain()
  s.input.records('a', 'b', 'c')
  for (let i = 0; i < 20; i++) t.equal(s.task.step(), 'CONTINUE')
  t.strictSame(s.output.written, ['a', 'b', 'c'])
  t.ok(mails > 5)
  s.output.available = false
  s.input.records('d')
  const before = mails
  for (let i = 0; i < 20; i++) t.equal(s.task.step(), 'CONTINUE')
  t.ok(mails > before, 'mails run while the outputs are full')
  t.notOk(s.output.written.includes('d'))
})

t.test('StreamTask runs mails while an operator finishes, which may wait for one', async (t) => {
  let finishIt = () => {}
  const s = task(forward, {
    hooks: {
      finish: () =>
        new Promise<void>((resolve) => {
          finishIt = resolve
        }) as never,
    },
  })
  s.input.end()
  await s.run()
  t.notOk(s.output.written.includes('END_OF_DATA'))
  s.task.mailbox.execute(async () => {
    finishIt()
    await new Promise(setImmediate)
    s.output.collect('late')
  }, 'result')
  await s.run()
  t.strictSame(s.output.written, ['late', 'END_OF_DATA', 'flush', 'END_OF_PARTITION', 'close'])
  t.equal(s.states.at(-1), 'FINISHED')
})

t.test('StreamTask reads a quiet gate beside a flooding one', async (t) => {
  const quiet = new TestingInput()
  const flood = new FloodingInput()
  let floodAtQuiet = 0
  const process = (value: unknown) => {
    if (value === 'quiet') floodAtQuiet = flood.numRead
  }
  const s = task(process, { inputs: [flood, quiet] })
  await s.start()
  for (let i = 0; i < 50; i++) s.task.step()
  const before = flood.numRead
  quiet.records('quiet')
  while (floodAtQuiet === 0) s.task.step()
  t.ok(floodAtQuiet - before <= 512, `${floodAtQuiet - before} records of the other gate`)
})

t.test('StreamTask flushes unfilled buffers never with a buffer timeout of -1', async (t) => {
  const never = task(forward, { bufferTimeoutMs: -1 })
  await never.run()
  never.input.records('a')
  await never.run()
  t.equal(never.clock.pendingTimers, 0)
  t.strictSame(never.output.written, ['a'])
})
