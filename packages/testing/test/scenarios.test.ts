import { addFaultCounts, hundredLeaders, runScenario, runSeeds, SCENARIOS } from '@flink-ts/testing'
import t from 'tap'

/** With every scenario. More of them: `npm run simulate`. */
const SEEDS = 16

/** Seeds that were violated, and why; the causes are gone. */
const PINNED: readonly (readonly [scenario: string, seed: number, what: string])[] = [
  ['chaos', 1024, 'a blocking result on a dead TaskManager was asked for without end'],
  ['leader-chaos', 73, 'a cancellation that a leader without leadership took was lost'],
  ['task-manager-crash', 41, 'a process that died while it connected left a connection'],
  ['cancel-chaos', 2, 'a connection that was given up before its start stayed open'],
  ['elastic-chaos', 2, 'a worker that nobody asked for stayed'],
  ['checkpoints', 1009, 'a task waited for a checkpoint whose abort it had not heard of'],
  ['checkpoints', 55, 'what a task said of a checkpoint after its end was repeated for ever'],
  ['mesos-chaos', 38, 'a former leader took the framework from the present one for good'],
]

const FAULT_KINDS: readonly string[] = [
  'JobManager crash',
  'JobManager crash, silent',
  'JobManager restart',
  'Mesos: agent is given up',
  'Mesos: agent stops',
  'Mesos: calls and updates get lost',
  'Mesos: connection breaks',
  'Mesos: master fails over',
  'Mesos: task ends',
  'TaskManager crash',
  'TaskManager crash, silent',
  'TaskManager restart',
  'ZooKeeper cut',
  'ZooKeeper silent',
  'checkpoint file not written',
  'clock jump',
  'container duplicated',
  'container late',
  'container lost',
  'container refused',
  'leadership revoked',
  'link blocked, one way',
  'message delayed',
  'partition',
  'partition, one way',
  'process stands still',
  'quorum lost',
  'request duplicated',
  'request lost',
  'request overtaken',
  'response lost',
  'session expired',
  'slow node',
]

const RARE_FAULT_KINDS: readonly string[] = [
  'checkpoint file damaged',
  'end of container told twice',
]

let faultsByKind: Readonly<Record<string, number>> = {}

for (const scenario of SCENARIOS) {
  t.test(`scenario ${scenario.name}: ${scenario.description}`, async (t) => {
    const summary = await runSeeds({ scenarios: [scenario], seeds: SEEDS })
    t.equal(summary.seeds, SEEDS)
    faultsByKind = addFaultCounts(faultsByKind, summary.faultsByKind)
    for (const { seed, error, traceTail } of summary.violations) {
      t.fail(`seed ${seed}: ${error}`, { trace: traceTail.slice(-20) })
    }
  })
}

t.test('faults of all kinds were among them', (t) => {
  const missing = FAULT_KINDS.filter((kind) => faultsByKind[kind] === undefined)
  t.same(missing, [])
  const unlisted = Object.keys(faultsByKind).filter((kind) => !FAULT_KINDS.includes(kind))
  t.ok(
    unlisted.every((kind) => RARE_FAULT_KINDS.includes(kind)),
    `each is listed here: ${unlisted}`,
  )
  t.end()
})

t.test(`scenario ${hundredLeaders.name}: ${hundredLeaders.description}`, async (t) => {
  const { error, faultsByKind } = await runScenario(hundredLeaders, { seed: 1 })
  t.equal(error, undefined)
  t.comment(JSON.stringify(faultsByKind))
})

t.test('seeds that found something once', async (t) => {
  for (const [name, seed, what] of PINNED) {
    const { error } = await runScenario(SCENARIOS.find((each) => each.name === name)!, { seed })
    t.equal(error, undefined, `${name} ${seed}: ${what}`)
  }
})
