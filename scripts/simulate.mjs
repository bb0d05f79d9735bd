// Runs clusters on virtual time, one after the other, each from a seed (packages/testing).
//   npm run simulate -- [--seeds N] [--first-seed K] [--scenario NAME] [--verbose]
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

const HELP = `npm run simulate -- [--seeds N] [--first-seed K] [--scenario NAME] [--verbose]

  --seeds N        how many seeds, each with every scenario (default 100)
  --first-seed K   the first of them (default 1)
  --scenario NAME  only this scenario
  --verbose        print every event of the runs, with log lines of level debug; errors keep their stacks`

function fail(message) {
  console.error(`${message}\n\n${HELP}`)
  process.exit(2)
}

function wholeNumber(name, text) {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    fail(`--${name} ${text}: expected a whole number from 1 on`)
  return value
}

let values
try {
  values = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      'first-seed': { type: 'string', default: '1' },
      scenario: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values
} catch (error) {
  fail(error.message)
}
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const library = new URL('../packages/testing/dist/index.js', import.meta.url)
if (!existsSync(library)) fail('The packages are not built: run npm run build first')
const { renderTraceEvent, runScenario, SCENARIOS } = await import(library)

const scenarios = SCENARIOS.filter(({ name }) => name === (values.scenario ?? name))
if (scenarios.length === 0) {
  fail(
    `--scenario ${values.scenario}: expected one of ${SCENARIOS.map(({ name }) => name).join(', ')}`,
  )
}
const firstSeed = wholeNumber('first-seed', values['first-seed'])
const seeds = wholeNumber('seeds', values.seeds)
const world = values.verbose
  ? {
      stackTraces: true,
      debug: true,
      onTraceEvent: (event) => console.log(renderTraceEvent(event)),
    }
  : {}
const MAX_REPORTS = 5
let [steps, faults, violations] = [0, 0, 0]
for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  for (const scenario of scenarios) {
    const outcome = await runScenario(scenario, { seed, ...world })
    steps += outcome.steps
    faults += outcome.faults
    if (outcome.error === undefined) continue
    violations++
    if (violations <= MAX_REPORTS) report(outcome)
  }
}
console.log(`seeds ${seeds}, steps ${steps}, faults ${faults}, violations ${violations}`)
process.exit(violations === 0 ? 0 : 1)

function report({ scenario, seed, error, traceTail, traceHash }) {
  const tail = values.verbose ? [] : traceTail.slice(-80)
  console.error(`
Violation in scenario ${scenario}, seed ${seed}: ${error?.message ?? error}
${tail.join('\n')}
trace ${traceHash}
replay with: npm run simulate -- --scenario ${scenario} --first-seed ${seed} --seeds 1 --verbose
`)
}
