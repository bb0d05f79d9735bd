import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram, runProgram } from '@flink-ts/client/submission'
import { accumulatorValue, Configuration, SystemClock, SystemRandom } from '@flink-ts/core'
import { prepareClusterModules } from '@flink-ts/runtime/program'
import t, { type Test } from 'tap'
import { Command } from './support/command.js'
import { processesWith } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const JOB_ID = 'abcdef0123456789abcdef0123456789'

/** Starts an application in the foreground; its own temporary files are in the cluster's folder, too. */
function application(cluster: TestCluster, ...args: string[]) {
  const words = ['start-foreground', ...args]
  return cluster.command('standalone-job.sh', words, { TMPDIR: cluster.tmpDir })
}

async function withTaskManager(t: Test, configuration: Record<string, string> = {}) {
  const cluster = await TestCluster.prepare(t, { taskManagers: 1, configuration })
  const { code, stderr } = await cluster.script('taskmanager.sh', 'start')
  t.equal(code, 0, stderr)
  return cluster
}

function printed(cluster: TestCluster): string[] {
  const name = readdirSync(cluster.logDir).find((file) => /taskexecutor.*\.out$/.test(file))!
  return readFileSync(join(cluster.logDir, name), 'utf8').trim().split('\n')
}

t.test('an application cluster', async (t) => {
  const cluster = await withTaskManager(t)

  await t.test(
    'runs main() with its arguments, several jobs one after the other, and ends with 0',
    async (t) => {
      const { code, stderr, stdout } = await application(
        cluster,
        ...['--job', program('counting-jobs.ts'), '-D', 'pipeline.name=given', '--count', '3'],
      ).result()
      t.equal(code, 0, stderr)
      t.match(stdout, /^first saw 3\n[\s\S]*second saw 6$/m, 'accumulators are in the results')
      t.same(printed(cluster), ['1', '2', '3', '1', '2', '3', '4', '5', '6'])
      t.match(stderr + stdout, /The cluster ends status=SUCCEEDED/, 'the cluster manager is told')
    },
  )

  for (const [mode, exitCode, text] of [
    // 1443 of Flink, of which the system keeps 8 bits.
    ['fails', 163, /status=FAILED diagnostics="[\s\S]*RangeError: no 1/],
    ['throws', 2, /RangeError: main is wrong[\s\S]*programs\/application\.ts:\d+/],
    ['nothing', 2, /The application contains no execute\(\) calls\./],
    ['exits', 2, /main\(\) must not call process\.exit\(\)/],
  ] as const) {
    await t.test(`ends with ${exitCode} where the program ${mode}`, async (t) => {
      const { code, stderr, stdout } = await application(
        cluster,
        ...['--job', program('application.ts'), '--mode', mode],
      ).result()
      t.equal(code, exitCode)
      t.match(stderr + stdout, text)
    })
  }

  await t.test('--job-id names the one job, a second one is refused', async (t) => {
    const { code, stderr, stdout } = await application(
      cluster,
      ...['--job', program('application.ts'), '--job-id', JOB_ID, '--mode', 'twice'],
    ).result()
    t.equal(code, 2)
    t.match(stderr + stdout, new RegExp(`Job was submitted jobId=${JOB_ID} job=first`))
    t.match(stderr + stdout, /Cannot have more than one execute\(\) or executeAsync\(\) call/)
  })

  await t.test('a cancelled job ends it with 0, as CANCELED', async (t) => {
    const command = application(
      cluster,
      ...['--job', program('application.ts'), '--job-id', JOB_ID, '--mode', 'endless'],
    )
    await until(
      'the job runs',
      async () => (await cluster.rest.jobStatus(JOB_ID).catch(() => '')) === 'RUNNING',
    )
    t.equal((await cluster.flink('cancel', JOB_ID)).code, 0)
    const { code, stderr, stdout } = await command.result()
    t.equal(code, 0)
    t.match(stderr + stdout, /The cluster ends status=CANCELED/)
  })

  await t.test(
    'stays where execution.shutdown-on-application-finish is false; DELETE /cluster ends it',
    async (t) => {
      const command = application(
        cluster,
        ...['-Dexecution.shutdown-on-application-finish=false', '--job-id', JOB_ID],
        ...['--job', program('application.ts')],
      )
      await until(
        'the job has finished',
        async () => (await cluster.rest.jobStatus(JOB_ID).catch(() => '')) === 'FINISHED',
      )
      const accumulators = await cluster.rest.jobAccumulators(JOB_ID)
      t.same(
        accumulators.map((snapshot) => [snapshot.name, accumulatorValue(snapshot)]),
        [
          ['odd', 3],
          ['squares', [1, 4, 9, 16, 25]],
        ],
      )
      await cluster.rest.shutDownCluster()
      t.equal((await command.result()).code, 0)
    },
  )

  await t.test(
    'standalone-job.sh start and stop: a main() that never returns ends with its process',
    async (t) => {
      const start = await cluster
        .command(
          'standalone-job.sh',
          ['start', '--job', program('application.ts'), '--mode', 'spinsForEver'],
          { TMPDIR: cluster.tmpDir },
        )
        .result()
      t.equal(start.code, 0, start.stderr)
      t.ok(await cluster.rest.clusterOverview(), 'REST answers meanwhile')
      const stop = await cluster.script('standalone-job.sh', 'stop')
      t.match(stop.stdout, /Stopping standalonejob daemon/)
      t.same(processesWith(`standalone-application.js\0--configDir\0${cluster.confDir}`), [])
    },
  )

  await t.test('wrong command lines are refused by name', async (t) => {
    for (const [args, text] of [
      [['--job', 'missing.ts'], /The program file does not exist: .*missing\.ts/],
      [['--claimMode', 'mine', '--job', 'x.ts'], /Unknown claim mode "mine": expected claim/],
      [['--job-id', 'xyz'], /Cannot use --job-id xyz: expected 32 hexadecimal digits/],
      [[], /No program found in .*usrlib/],
    ] as const) {
      const { code, stderr } = await application(cluster, ...args).result()
      t.equal(code, 1)
      t.match(stderr, text)
    }
  })

  await t.test('nothing is left behind', async (t) => {
    t.equal((await cluster.script('taskmanager.sh', 'stop')).code, 0)
    t.same(readdirSync(cluster.tmpDir), [])
  })
})

t.test('neither a blocked main() nor a blocked function delays heartbeats', async (t) => {
  const cluster = await withTaskManager(t, {
    'heartbeat.interval': '200 ms',
    'heartbeat.timeout': '4 s',
  })
  const command = application(
    cluster,
    ...['--job-id', JOB_ID, '--job', program('application.ts'), '--mode', 'spins'],
  )
  await until(
    'the job runs',
    async () => (await cluster.rest.jobStatus(JOB_ID).catch(() => '')) === 'RUNNING',
  )
  t.ok(await cluster.rest.clusterOverview(), 'REST answers meanwhile')
  const { code, stderr, stdout } = await command.result()
  t.equal(code, 0)
  t.notMatch(stderr + stdout, /to=FAILED|is disconnected|[Hh]eartbeat.*(timed out|lost)/)
  t.same(printed(cluster), ['1', '2', '3', '4', '5'])
})

t.test('flink run prints what the accumulators have gathered', async (t) => {
  const cluster = await TestCluster.start(t, { taskManagers: 1 })
  const { code, stdout, stderr } = await cluster.flink('run', '-p', '2', program('application.ts'))
  t.equal(code, 0, stderr)
  t.match(
    stdout,
    /Job Runtime: \d+ ms\nAccumulator Results: \n- odd \(number\): 3\n- squares \(Array\) \[5 elements\]\n/,
  )
})

t.test(
  'a cluster for one job: NORMAL ends when the result was fetched, DETACHED with the job',
  async (t) => {
    const cluster = await withTaskManager(t)
    const bundle = await bundleProgram(program('application.ts'), cluster.folder)
    let jobGraph = ''
    await runProgram({
      bundle,
      args: [],
      configuration: new Configuration(),
      clock: new SystemClock(),
      random: new SystemRandom(),
      submit: async (job, descriptor) => {
        jobGraph = JSON.stringify({ ...job.jobGraph, jobId: JOB_ID, program: descriptor })
        const result = { jobId: JOB_ID, jobName: '', netRuntimeMs: 0, accumulators: [] }
        return {
          jobId: JOB_ID,
          status: async () => 'FINISHED',
          cancel: async () => {},
          accumulators: async () => [],
          savepoint: async () => '',
          result: async () => result,
        }
      },
    })
    const main = fileURLToPath(
      new URL('./mains/job-cluster.js', import.meta.resolve('@flink-ts/entrypoint')),
    )
    const args = [main, '--configDir', cluster.confDir]
    args.push('--job-graph', cluster.write('job.graph', jobGraph))
    args.push('--bundle', cluster.write('program.mjs', Buffer.from(bundle.code).toString()))
    const start = (mode: string, ...more: string[]) =>
      new Command(process.execPath, [...args, ...more, '--execution-mode', mode], {
        cwd: cluster.folder,
        environment: cluster.environment,
      })

    const normal = start('NORMAL')
    await until(
      'the job has finished',
      async () => (await cluster.rest.jobStatus(JOB_ID).catch(() => '')) === 'FINISHED',
    )
    t.equal((await cluster.rest.executionResult(JOB_ID))?.['application-status'], 'SUCCEEDED')
    t.equal((await normal.result()).code, 0)

    const forgotten = await start('NORMAL', '-D', 'client.heartbeat.timeout=1 s').result()
    t.equal(forgotten.code, 0, 'nobody fetches the result')
    const { code, stderr } = await start('DETACHED').result()
    t.equal(code, 0)
    t.match(
      stderr,
      /The cluster ends status=SUCCEEDED diagnostics="the job of this cluster ended as FINISHED"/,
    )
    const { code: refused, stderr: why } = await start('SOMEHOW').result()
    t.equal(refused, 1)
    t.match(why, /--execution-mode SOMEHOW is unknown: expected NORMAL or DETACHED/)
  },
)

t.test(
  'createRemoteEnvironment: a program that node runs has its jobs on the cluster',
  async (t) => {
    const cluster = await TestCluster.start(t, { taskManagers: 1 })
    const source = cluster.write(
      'remote.mjs',
      `import { StreamExecutionEnvironment } from '@flink-ts/streaming'
const env = StreamExecutionEnvironment.createRemoteEnvironment('localhost', ${cluster.restPort})
const prefix = process.argv[2] + process.env.SUFFIX
env.fromSequence(1, 2).map((n) => {
  const seen = prefix + n
  return seen
}).print()
const result = await env.execute('remote')
console.log(result.jobName, (await (await env.executeAsync().catch((e) => e)).message))
`,
    )
    prepareClusterModules(cluster.folder)
    const { code, stdout, stderr } = await new Command(process.execPath, [source, 'a'], {
      cwd: cluster.folder,
      environment: { ...cluster.environment, SUFFIX: '-b-' },
    }).result()
    t.equal(code, 0, stderr)
    t.match(stdout, /^remote No operators/)
    t.same(printed(cluster), ['a-b-1', 'a-b-2'])
  },
)
