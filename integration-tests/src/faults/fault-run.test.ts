import t from 'tap'
import { runFaults } from './fault-run.js'
import { FAULT_SCENARIOS } from './scenarios.js'
import { closingLines } from './summary.js'

t.setTimeout(600_000)

t.test('a short fault run: nothing is lost and nothing is there twice', async (t) => {
  const scenario = FAULT_SCENARIOS.find(({ name }) => name === 'short')!
  const result = await runFaults({
    scenario,
    seed: 7,
    minutes: 0.01,
    elements: 36_000,
    faultsPerRound: scenario.faults.length,
    log: (line) => t.comment(line),
  })
  for (const line of closingLines(result)) t.comment(line)
  t.equal(result.error, undefined)
  t.match(result, { lost: 0, duplicated: 0 })
  t.ok(result.faults >= 2, `${result.faults} faults`)
  t.ok(result.recoveriesMs.length >= 1, `${result.recoveriesMs.length} recoveries`)
  t.ok(result.records >= 36_000)
})
