import type { Test } from 'tap'
import type { Hadoop } from '../clusters/hadoop.js'
import { closingLines } from '../faults/summary.js'
import { runYarnFaults } from '../faults/yarn/yarn-fault-run.js'
import { YARN_SCENARIOS } from '../faults/yarn/yarn-scenarios.js'

/** Those that take little time. */
const FAULTS = ['kill-all-task-managers', 'kill-in-commit']

/** One round of `npm run faults -- --scenario yarn`, so that it is known to run. */
export async function testFaultRun(t: Test, hadoop: Hadoop): Promise<void> {
  await t.test('a short fault run: nothing is lost, twice or left', async (t) => {
    const { faults } = YARN_SCENARIOS.find(({ name }) => name === 'yarn')!
    const result = await runYarnFaults({
      scenario: { name: 'short', faults: faults.filter(({ name }) => FAULTS.includes(name)) },
      hadoop,
      seed: 4,
      minutes: 0.01,
      elements: 30_000,
      faultsPerRound: FAULTS.length,
      log: (line) => t.comment(line),
    })
    for (const line of closingLines(result)) t.comment(line)
    t.equal(result.error, undefined)
    t.match(result, { lost: 0, duplicated: 0, leftBehind: [] })
    t.ok(result.faults >= 1, `${result.faults} faults`)
    t.ok(result.records >= 30_000)
  })
}
