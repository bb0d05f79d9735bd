import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ProgramDescriptor, TaskDeployment } from '@flink-ts/runtime'
import { build } from 'esbuild'
import t from 'tap'
import { JobMasterLostError } from '../../dist/taskexecutor/task-executor-errors.js'
import { deployments, operator } from './testing-job.js'
import { PRELUDE, recordProgram, workerCluster, writeBundle } from './worker-cluster.js'

function deployment(bundlePath: string, program: ProgramDescriptor): TaskDeployment {
  const operators = [operator('numbers'), operator('work', ['numbers'])]
  const [only] = deployments([{ id: 'all', parallelism: 1, operators }], {
    job: { program },
    bundlePath,
  })
  return only!
}

/** Runs the first job of a program in a thread until it ends. */
async function runProgram(
  path: string,
  options: { program?: ProgramDescriptor; heapMb?: number } = {},
) {
  const program = options.program ?? (await recordProgram(path))[0]!
  const cluster = await workerCluster(options)
  const launched = cluster.launch(deployment(path, program))
  await launched.task.released
  await cluster.close()
  return launched
}

/** A TypeScript program, bundled as the client does it. */
async function bundle(directory: string, name: string, source: string): Promise<string> {
  const path = writeBundle(directory, `${name}.mjs`, '')
  const entry = join(directory, name)
  writeFileSync(entry, source)
  await build({
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    sourcemap: 'inline',
    external: ['@flink-ts/*'],
    logLevel: 'silent',
  })
  return path
}

t.test('WorkerTaskLauncher runs a traced program to its end', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'sum.mjs',
    `${PRELUDE}
    let sum
    await execute(job((value, { metrics }) => {
      sum ??= metrics.counter('sum')
      sum.inc(value)
    }))`,
  )
  const [program] = await recordProgram(path)
  const cluster = await workerCluster()
  const began = performance.now()
  const launched = cluster.launch(deployment(path, program!))
  await launched.reached('RUNNING')
  t.comment(`thread start to RUNNING: ${(performance.now() - began).toFixed(1)} ms`)
  await launched.task.released

  t.strictSame(launched.states, ['INITIALIZING', 'RUNNING', 'FINISHED'])
  t.equal(launched.task.metrics().values['work.sum'], 45)
  t.equal(launched.task.metrics().values['work.numRecordsIn'], 10)
  await cluster.close()
})

t.test(
  'WorkerTaskLauncher gives a trace the time, chance, arguments and values of the submission',
  async (t) => {
    process.env['FLINK_TS_TEST_SHIPPED'] = 'shipped'
    const path = writeBundle(
      t.testdir(),
      'world.mjs',
      `${PRELUDE}
    import { randomUUID } from 'node:crypto'
    import { pathToFileURL } from 'node:url'
    const world = [
      Date.now(), new Date().toISOString(), Math.random(), randomUUID(), crypto.randomUUID(),
      process.argv.slice(2), process.env.FLINK_TS_TEST_SHIPPED, process.env.FLINK_TS_TEST_OTHER,
      import.meta.url === pathToFileURL(process.argv[1]).href,
      await currentProgramContext().fromSubmission('pid', () => process.pid + ' ' + Math.random()),
    ]
    const first = await execute(job(() => {}, { structure: ['first'] }))
    const result = await first.result()
    const text = JSON.stringify([world, result])
    export const main = (args) => execute(job((value) => {
      if (value === 0 && Date.now() < 1_750_000_000_000) throw new Error('time stands still')
      if (value === 1) throw new Error(text)
    }, { structure: [text, args.join()] }))`,
    )
    const programs = await recordProgram(path, { args: ['a', 'b'], entryPoint: 'main' })
    process.env['FLINK_TS_TEST_OTHER'] = 'never read by the client'
    const launched = await runProgram(path, { program: programs[1]! })

    t.equal(programs.length, 2)
    t.equal(programs[1]!.entryPoint, 'main')
    t.equal(programs[1]!.executeIndex, 1)
    t.match(programs[1]!.environment, { FLINK_TS_TEST_SHIPPED: 'shipped' })
    t.equal(launched.error()?.message, programs[1]!.structure[0])
    t.match(launched.error()?.message, /^\[\[1700000000000,"2023-11-14T22:13:20.000Z",.*true,/)
    t.match(launched.error()?.message, /"jobId":"job1"/)
  },
)

t.test('WorkerTaskLauncher fails a task whose trace builds another job', async (t) => {
  const directory = t.testdir()
  const where = join(directory, 'where.txt')
  writeFileSync(where, 'client')
  const read = `import { readFileSync } from 'node:fs'
    const where = readFileSync(${JSON.stringify(where)}, 'utf8')`
  const shape = writeBundle(
    directory,
    'shape.mjs',
    `${PRELUDE}${read}
    await execute(job(() => {}, { structure: ['numbers', 'work on ' + where] }))`,
  )
  const captured = await bundle(
    directory,
    'captured.ts',
    `${PRELUDE.replaceAll('operatorId', 'operatorId')}
${read}
const limit: number = where.length
const isSmall = (value: number) => value < limit
await execute(job((value: number) => isSmall(value)))`,
  )
  const [shapeProgram] = await recordProgram(shape)
  const [capturedProgram] = await recordProgram(captured)
  writeFileSync(where, 'task thread')
  const shapeTask = await runProgram(shape, { program: shapeProgram! })
  const capturedTask = await runProgram(captured, { program: capturedProgram! })

  t.equal(shapeTask.error()?.code, 'FLINK_TRACE_MISMATCH')
  t.match(
    shapeTask.error()?.message,
    /line 2 of its structure is "work on task thread" here and was "work on client" there/,
  )
  t.equal(capturedTask.error()?.code, 'FLINK_TRACE_MISMATCH')
  t.match(
    capturedTask.error()?.message,
    /variable "limit".*operator "work" at captured\.ts:\d+ uses, is 11 in a task and was 6 at the submission/,
  )
})

for (const [name, statement, call] of [
  [
    'file writes',
    `import { writeFileSync as w } from 'node:fs'; w('/nowhere/x', '')`,
    'fs.writeFileSync',
  ],
  [
    'promised file writes',
    `import fs from 'node:fs/promises'; await fs.mkdir('/nowhere/x')`,
    'fs.promises.mkdir',
  ],
  [
    'opening for writing',
    `import fs from 'node:fs'; fs.openSync('/nowhere/x', 'a')`,
    'fs.openSync for writing',
  ],
  [
    'child processes',
    `import { spawn } from 'node:child_process'; spawn('true')`,
    'child_process.spawn',
  ],
  ['servers', `import http from 'node:http'; http.createServer().listen(0)`, 'listen of a server'],
  [
    'refusals that are caught',
    `import fs from 'node:fs'; try { fs.rmSync('/nowhere') } catch {}`,
    'fs.rmSync',
  ],
] as const) {
  t.test(`a trace refuses ${name} by name`, async (t) => {
    const directory = t.testdir()
    const path = writeBundle(directory, 'quiet.mjs', `${PRELUDE}await execute(job(() => {}))`)
    const [program] = await recordProgram(path)
    writeFileSync(path, `${statement}\n${PRELUDE}await execute(job(() => {}))`)
    const launched = await runProgram(path, { program: program! })

    t.equal(launched.states.at(-1), 'FAILED')
    t.equal(launched.error()?.code, 'FLINK_TRACING_REFUSED')
    t.match(launched.error()?.message, `The program calls ${call} before execute()`)
  })
}

t.test('a trace that ends or waits without reaching its execute() is an error', async (t) => {
  const directory = t.testdir()
  const path = writeBundle(directory, 'ends.mjs', `${PRELUDE}await execute(job(() => {}))`)
  const [program] = await recordProgram(path)
  writeFileSync(path, `${PRELUDE}export const unused = 1`)
  const ended = await runProgram(path, { program: program! })
  writeFileSync(path, `${PRELUDE}await new Promise(() => {})`)
  const waited = await runProgram(path, { program: program! })

  t.equal(ended.error()?.code, 'FLINK_PROGRAM_INVOCATION')
  t.match(ended.error()?.message, 'ended in a task without reaching its execute() number 1')
  t.equal(waited.error()?.code, 'FLINK_PROGRAM_INVOCATION')
  t.match(waited.error()?.message, 'waits for something that can never happen')
})

t.test('errors of user code name the line of its source', async (t) => {
  const directory = t.testdir()
  const throwing = await bundle(
    directory,
    'throwing.ts',
    `${PRELUDE}
type Value = number
await execute(job((value: Value) => {
  if (value === 3) throw new RangeError('not three')
}))`,
  )
  const inTimer = await bundle(
    directory,
    'timer.ts',
    `${PRELUDE}
await execute(job((value: number) => {
  if (value === 0) setTimeout(() => { throw new RangeError('in a timer') })
}, { count: 1e12 }))`,
  )
  const line = PRELUDE.split('\n').length + 3
  const thrown = await runProgram(throwing)
  const timer = await runProgram(inTimer)

  t.match(thrown.error(), { name: 'RangeError', message: 'not three' })
  t.match(thrown.error()?.stack, new RegExp(`throwing\\.ts:${line}:`))
  t.match(timer.error(), { name: 'RangeError', message: 'in a timer' })
  t.match(timer.error()?.stack, new RegExp(`timer\\.ts:${line - 1}:`))
})

t.test('a user function that never returns is found, named and ended', async (t) => {
  const path = await bundle(
    t.testdir(),
    'endless.ts',
    `${PRELUDE}
function spin(value: number): void {
  while (value >= 0) {
    value++
  }
}
await execute(job((value: number, context: any) => {
  if (value !== 3) return
  context.sendEventToCoordinator(new Uint8Array(1))
  spin(value)
}))`,
  )
  const [program] = await recordProgram(path)
  const cluster = await workerCluster({
    configuration: { 'task.cancellation.timeout': '50 ms', 'task.cancellation.interval': '20 ms' },
  })
  const launched = cluster.launch(deployment(path, program!))
  await launched.event
  const began = performance.now()
  launched.task.cancel()
  await launched.task.released

  t.comment(`cancelled by force in ${(performance.now() - began).toFixed(1)} ms`)
  t.equal(launched.states.at(-1), 'CANCELED')
  t.equal(launched.error()?.code, 'FLINK_TASK_CANCELLATION_TIMEOUT')
  const first = PRELUDE.split('\n').length + 2
  const lines = `(${first}|${first + 1}|${first + 2})`
  t.match(launched.error()?.message, new RegExp(`numbers -> work.*spin at endless\\.ts:${lines};`))
  await cluster.close()
})

t.test(
  'a thread inside of a native call that cannot be ended is fatal, naming the call',
  async (t) => {
    const path = await bundle(
      t.testdir(),
      'native.ts',
      `${PRELUDE}
import { spawnSync } from 'node:child_process'
await execute(job((value: number, context: any) => {
  if (value !== 3) return
  context.sendEventToCoordinator(new Uint8Array(1))
  spawnSync('sleep', ['7'])
}))`,
    )
    const [program] = await recordProgram(path)
    const cluster = await workerCluster({ configuration: { 'task.cancellation.timeout': '50 ms' } })
    const launched = cluster.launch(deployment(path, program!))
    await launched.event
    launched.task.cancel()
    const fatal = await launched.fatal

    t.match(fatal.message, /inside of child_process\.spawnSync at .*native\.ts:\d+/)
    await launched.task.released
    t.equal(launched.states.at(-1), 'CANCELED')
    await cluster.close()
  },
)

t.test('a task that waits is cancelled at once, one that runs between two batches', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'running.mjs',
    `${PRELUDE}await execute(job(() => {}, { count: 1e12 }))`,
  )
  const [program] = await recordProgram(path)
  const cluster = await workerCluster()
  const launched = cluster.launch(deployment(path, program!))
  await launched.reached('RUNNING')
  launched.task.cancel()
  await launched.task.released

  t.equal(launched.states.at(-1), 'CANCELED')
  t.equal(launched.error(), undefined)
  await cluster.close()
})

t.test('tasks whose JobMaster was lost come back to threads that wait for them', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'endless.mjs',
    `${PRELUDE}
    await execute(job(() => {}, { count: Infinity }))`,
  )
  const [program] = await recordProgram(path)
  const cluster = await workerCluster()
  const launch = async () => {
    const began = performance.now()
    const launched = [1, 2, 3].map(() => cluster.launch(deployment(path, program!)))
    await Promise.all(launched.map(({ reached }) => reached('RUNNING')))
    t.comment(`three threads to RUNNING: ${(performance.now() - began).toFixed(1)} ms`)
    return launched
  }
  const lost = await launch()
  for (const { task } of lost) {
    task.failExternally(
      new JobMasterLostError({ jobId: 'job', resourceId: 'tm', cause: undefined }),
    )
  }
  await Promise.all(lost.map(({ task }) => task.released))
  const back = await launch()
  for (const { task } of back) task.cancel()
  await Promise.all(back.map(({ task }) => task.released))
  await cluster.close()
})

t.test('a task that runs out of memory fails alone, naming the key to raise', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'memory.mjs',
    `${PRELUDE}
    const kept = []
    await execute(job((value) => { kept.push({ value, more: [value, String(value)] }) }, { count: 1e12 }))`,
  )
  const launched = await runProgram(path, { heapMb: 32 })

  t.equal(launched.states.at(-1), 'FAILED')
  t.equal(launched.error()?.code, 'FLINK_TASK_THREAD_DIED')
  t.match(launched.error()?.message, /32 MB.*taskmanager\.memory\.task\.heap\.size/)
})

t.test('process.exit in user code fails the task, not the process', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'exit.mjs',
    `${PRELUDE}await execute(job(() => process.exit(3)))`,
  )
  const launched = await runProgram(path)

  t.equal(launched.states.at(-1), 'FAILED')
  t.match(launched.error()?.message, /exit code 3.*process\.exit/)
})

t.test('printing 2 M lines leaves the main thread alone; a trace prints nothing', async (t) => {
  const child = fileURLToPath(new URL('./printing-task-manager.js', import.meta.url))
  const out = join(t.testdir(), 'out.txt')
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `"${process.execPath}" "${child}" "${t.testdir()}" 2>&1 >"${out}"`,
  ])
  const { maxLagMs, state } = JSON.parse(stdout) as { maxLagMs: number; state: string }
  const lines = readFileSync(out, 'utf8').split('\n')

  t.equal(state, 'FINISHED')
  t.equal(lines.length, 2_000_001)
  t.equal(lines[0], 'line 0')
  t.equal(lines[1_999_999], 'line 1999999')
  t.equal(lines[2_000_000], '')
  t.ok(maxLagMs < 1000, `timers of the main thread were late by ${maxLagMs} ms at the most`)
})
