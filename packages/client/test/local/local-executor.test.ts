import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { mapStacksToSources, requiredSlots } from '@flink-ts/client'
import t from 'tap'
import { record } from './testing-cluster.js'

const PROGRAM = fileURLToPath(new URL('./programs/sequence.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in a node without flags, as a user would. */
function run(what: string, onStdout: (text: string, child: ChildProcess) => void = () => {}) {
  const child = spawn(process.execPath, [PROGRAM, what], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    onStdout(stdout, child)
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

t.test(
  'LocalExecutor runs the jobs of a program one after the other, and the process ends',
  async (t) => {
    const { code, stdout, stderr } = await run('prints')
    t.equal(stderr, '')
    t.equal(stdout, '1\n4\n9\n16\nfirst\nagain\n')
    t.equal(code, 0)
  },
)

t.test('LocalExecutor: a failing function ends the process with its error', async (t) => {
  const { code, stderr } = await run('fails')
  t.equal(code, 1)
  t.match(stderr, /JobExecutionError: Job 'Flink Streaming Job' failed/)
  t.match(stderr, /Operator 'picky' failed: its map function threw RangeError: three is refused/)
  t.match(stderr, /\[cause\]: Error \[RangeError\]: three is refused/)
  t.match(stderr, /programs\/sequence\.ts:31:\d+/, 'the place in the TypeScript source')
  t.ok(stderr.split('\n').length < 60, 'on one screen')
})

t.test('LocalExecutor: a failure that nobody waited for is told all the same', async (t) => {
  const { code, stderr } = await run('fails-unnoticed')
  t.equal(code, 1)
  t.match(stderr, /RangeError: nobody waits/)
})

t.test('LocalExecutor: slot sharing groups with resources have room', async (t) => {
  const { code, stdout, stderr } = await run('resources')
  t.equal(stderr, '')
  t.equal(stdout, '1\n2\n3\n4\n')
  t.equal(code, 0)
})

t.test('LocalExecutor: declared types and registered classes travel between tasks', async (t) => {
  const { code, stdout, stderr } = await run('types')
  t.equal(stderr, '')
  t.same(stdout.trim().split('\n').sort(), [
    'k0: 2 cents',
    'k0: 6 cents',
    'k1: 1 cents',
    'k1: 4 cents',
  ])
  t.equal(code, 0)
})

t.test('LocalExecutor: a record that is not of the declared type fails the job', async (t) => {
  const { code, stderr } = await run('mismatch')
  t.equal(code, 1)
  t.match(
    stderr,
    /Operator 'halves' emitted a record that is not of its declared type \{n: int\}: record\.n is the number 0\.5; expected int/,
  )
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`LocalExecutor: ${signal} ends an endless job in good order`, async (t) => {
    const interrupted = () => {
      let sent = false
      return run('endless', (text, child) => {
        if (sent || !text.includes('running')) return
        sent = true
        child.kill(signal)
      })
    }
    let ended = await interrupted()
    // Node has no handler at all for some microseconds of each turn that Ctrl-C can break off: see interruptibleDefer.
    if (signal === 'SIGINT' && ended.code === null) ended = await interrupted()
    t.equal(ended.stdout, 'running\n', 'the program does not go on')
    t.equal(ended.stderr, '')
    t.equal(ended.code, code)
  })
}

t.test('LocalExecutor: SIGINT ends a function that never returns', async (t) => {
  const ended = await run('loops', (text, child) => {
    if (text.includes('running')) child.kill('SIGINT')
  })
  t.equal(ended.stdout, 'running\n')
  t.equal(ended.code, 130)
})

t.test('requiredSlots sums the greatest parallelism of each slot sharing group', async (t) => {
  const { jobGraph } = await record((env) => {
    env
      .fromSequence(1, 2)
      .setParallelism(3)
      .rebalance()
      .map((n) => n)
      .setParallelism(5)
      .slotSharingGroup('other')
      .rebalance()
      .map((n) => n)
      .setParallelism(2)
      .print()
      .setParallelism(2)
  })
  t.equal(requiredSlots(jobGraph), 8)
})

t.test('mapStacksToSources leaves alone what it cannot map', async (t) => {
  const error = new Error('outer', { cause: new Error('inner') })
  error.stack = 'Error: outer\n    at x (file:///nowhere/x.js:1:2)\n    at y (node:fs:3:4)'
  t.equal(mapStacksToSources(error), error)
  t.match(error.stack, 'at x (file:///nowhere/x.js:1:2)')
  const circular = new Error('circular')
  circular.cause = circular
  t.equal(mapStacksToSources(circular), circular)
  t.equal(mapStacksToSources('text'), 'text')
})
