// Runs the scenarios of a patch with seed after seed, the pinned one first, until one is violated. Prints JSON.
//   node find-violation.js PATCH MAX_SEEDS [FIRST_SEED]
import { register } from 'node:module'
import { PATCHES } from './patches.js'

const [name, maxSeeds, firstSeed] = process.argv.slice(2)
const patch = PATCHES.find((each) => each.name === name)!
register('./patch-loader.js', import.meta.url, { data: patch })
// Only now, so that it is loaded through the hooks.
const { runScenario, SCENARIOS } = await import('@flink-ts/testing')

const scenarios = SCENARIOS.filter((scenario) => patch.scenarios.includes(scenario.name))
const from = firstSeed === undefined ? undefined : Number(firstSeed)
const others = Array.from({ length: Number(maxSeeds) }, (_, i) => (from ?? 1) + i)
const seeds = from === undefined ? [patch.pinnedSeed, ...others] : others
let found: { scenario: string; seed: number; error: string } | undefined
let steps = 0
search: for (const seed of seeds) {
  for (const scenario of scenarios) {
    const outcome = await runScenario(scenario, { seed })
    steps += outcome.steps
    if (outcome.error === undefined) continue
    found = { scenario: scenario.name, seed, error: String(outcome.error).slice(0, 300) }
    break search
  }
}
const { flinkTsEdits } = globalThis as { flinkTsEdits?: number }
console.log(JSON.stringify({ applied: flinkTsEdits === patch.edits.length, steps, ...found }))
process.exit(0)
