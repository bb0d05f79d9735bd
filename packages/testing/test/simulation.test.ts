import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  runScenario,
  runSeeds,
  SCENARIOS,
  type Scenario,
  SimulatedCluster,
} from '@flink-ts/testing'
import t from 'tap'

const run = promisify(execFile)

function scenarioNamed(name: string): Scenario {
  return SCENARIOS.find((scenario) => scenario.name === name)!
}

function hashOf(name: string, seed: number): Promise<string> {
  return runScenario(scenarioNamed(name), { seed }).then(({ traceHash }) => traceHash)
}

t.test('the same seed has the same trace hash, another seed another one', async (t) => {
  for (const { name } of SCENARIOS) {
    const first = await hashOf(name, 1)
    t.match(first, /^[0-9a-f]{64}$/)
    t.not(await hashOf(name, 2), first, `${name}: seed 2 is another run`)
    t.equal(await hashOf(name, 1), first, `${name}: seed 1 again, after other work`)
  }
})

t.test('a seed has the same trace hash in a fresh process', async (t) => {
  const program = fileURLToPath(new URL('fixtures/print-trace-hash.js', import.meta.url))
  for (const name of ['word-count', 'task-manager-crash']) {
    const { stdout } = await run(process.execPath, [program, name, '7'])
    t.equal(stdout.trim(), await hashOf(name, 7), name)
  }
})

t.test('what is printed changes neither the run nor its hash', async (t) => {
  const heard: string[] = []
  const outcome = await runScenario(scenarioNamed('word-count'), {
    seed: 7,
    onTraceEvent: ({ text }) => void heard.push(text),
  })
  t.equal(outcome.traceHash, await hashOf('word-count', 7))
  t.ok(
    heard.some((text) => text.includes('submitTask')),
    'RPC',
  )
  t.ok(
    heard.some((text) => /\d+ bytes/.test(text)),
    'data',
  )
  t.ok(
    heard.some((text) => text.includes('Job changed its state')),
    'state changes',
  )
})

t.test(
  'a violated expectation, and an error that nobody handles, are reported with their seed',
  async (t) => {
    const broken: Scenario = {
      name: 'broken',
      description: 'Expects what cannot be.',
      async run({ start }) {
        await start({})
        throw new Error('not as expected')
      },
    }
    const escaping: Scenario = {
      name: 'escaping',
      description: 'Loses an error.',
      async run({ start }) {
        const cluster = await start({})
        cluster.world.time.schedule(1, () => void Promise.reject(new Error('lost')))
        await cluster.advance(10)
      },
    }
    const summary = await runSeeds({ scenarios: [broken, escaping], seeds: 2, firstSeed: 5 })
    t.same(
      summary.violations.map(({ scenario, seed, error }) => [scenario, seed, String(error)]),
      [
        ['broken', 5, 'Error: not as expected'],
        ['escaping', 5, 'Error: lost'],
        ['broken', 6, 'Error: not as expected'],
        ['escaping', 6, 'Error: lost'],
      ],
    )
    t.ok(summary.violations[0]!.traceTail.length > 0, 'with the events before')
  },
)

t.test('one TaskManager runs any number of jobs after each other', async (t) => {
  const cluster = await SimulatedCluster.start({ seed: 1, slotsPerTaskManager: 4 })
  // Finished results that nobody released held network memory: job 26 got none.
  for (let i = 0; i < 60; i++) {
    const job = await cluster.submit((env) => {
      env.setParallelism(4).setRuntimeMode('BATCH')
      env
        .fromSequence(1, 10)
        .keyBy((n) => n % 3)
        .reduce((a, b) => a + b)
        .print()
    })
    const { status } = await job.end()
    if (status !== 'FINISHED') t.fail(`job ${i} is ${status}`)
  }
  t.equal(cluster.printedLines.length, 180)
  await cluster.close()
})

t.test(
  'connected streams run in a simulated cluster, the same way for the same seed',
  async (t) => {
    const runOnce = async (seed: number) => {
      const cluster = await SimulatedCluster.start({ seed, slotsPerTaskManager: 4 })
      const job = await cluster.submit((env) => {
        env.setParallelism(2).setRuntimeMode('STREAMING')
        const odd = env.fromSequence(0, 499).map((n) => ({ n: 2 * Number(n) + 1 }))
        const even = env.fromSequence(0, 499).map((n) => ({ n: 2 * Number(n) }))
        odd
          .connect(even)
          .keyBy(
            ({ n }) => n >> 1,
            ({ n }) => n >> 1,
          )
          .map(
            ({ n }) => `odd ${n}`,
            ({ n }) => `even ${n}`,
          )
          .print()
      })
      t.match(await job.end(), { status: 'FINISHED' })
      const lines = [...cluster.printedLines]
      await cluster.close()
      return lines
    }
    const [first, again, other] = [await runOnce(3), await runOnce(3), await runOnce(4)]
    t.equal(new Set(first.map((line) => line.replace(/^.*> /, ''))).size, 1000)
    t.strictSame(again, first)
    t.strictSame([...other].sort(), [...first].sort(), 'another order perhaps, the same lines')
  },
)

t.test('npm run simulate', async (t) => {
  const script = fileURLToPath(new URL('../../../scripts/simulate.mjs', import.meta.url))
  const { stdout } = await run(process.execPath, [
    script,
    '--seeds',
    '2',
    '--scenario',
    'word-count',
  ])
  t.match(stdout, /^seeds 2, steps \d+, faults 0, violations 0\n$/, 'closes with the sums')
  const bad = run(process.execPath, [script, '--scenario', 'nonsense'])
  await t.rejects(bad, { code: 2, stderr: /expected one of word-count, task-manager-crash/ })
})

t.test('npm run simulate --agents', async (t) => {
  const script = fileURLToPath(new URL('../../../scripts/simulate.mjs', import.meta.url))
  const simulate = (...words: string[]) => run(process.execPath, [script, ...words])
  const stepsOf = async (agents: string) => {
    const mesos = ['--scenario', 'mesos-chaos', '--seeds', '1', '--agents', agents]
    const { stdout } = await simulate(...mesos)
    t.match(stdout, /Mesos: master fails over\n/)
    const found = /\nseeds 1, steps (\d+), faults [1-9]\d*, violations 0\n$/.exec(stdout)
    return Number(found?.[1])
  }
  const [few, many] = [await stepsOf('4'), await stepsOf('300')]
  t.ok(many > few + 300, `${few} steps, and ${many}: each agent registers with the next master`)
  for (const [words, stderr] of [
    [['--agents', '3', '--scenario', 'mesos-chaos'], /expected a number from 4 to 20000/],
    [['--agents', '5'], /expected with --scenario mesos-chaos/],
  ] as const) {
    await t.rejects(simulate(...words), { code: 2, stderr })
  }
})
