/** The fault run: see docs/reliability.md. `node integration-tests/dist-test/faults/main.js [--minutes M] [--seed S] [--scenario NAME]` */
import { parseArgs } from 'node:util'
import { runFaults } from './fault-run.js'
import { FAULT_SCENARIOS } from './scenarios.js'
import { closingLines, isRight } from './summary.js'

const HELP = `npm run faults -- [--minutes M] [--seed S] [--scenario NAME]

  --minutes M      how long rounds begin; the last one runs to its end (default 10)
  --seed S         which faults come in which order (default 1)
  --scenario NAME  which faults there are (default all): ${FAULT_SCENARIOS.map(({ name }) => name).join(', ')}
  --elements N     elements of the job of each round (default 60000)
  --faults N       faults of each round at the most
  --keep           logs and output stay, also if nothing is wrong`

function fail(message: string): never {
  console.error(`${message}\n\n${HELP}`)
  process.exit(2)
}

function numberOf(name: string, text: string | undefined, isWhole = true): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0) || (isWhole && !Number.isSafeInteger(value))) {
    fail(`--${name} ${text}: expected a ${isWhole ? 'whole ' : ''}number above 0`)
  }
  return value
}

function parsed() {
  const option = { type: 'string' } as const
  try {
    return parseArgs({
      options: {
        ...{ minutes: option, seed: option, scenario: option, elements: option, faults: option },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

const values = parsed()
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const scenario = FAULT_SCENARIOS.find(({ name }) => name === (values.scenario ?? 'all'))
if (scenario === undefined) fail(`There is no scenario ${values.scenario}.`)
const elements = numberOf('elements', values.elements)
const faultsPerRound = numberOf('faults', values.faults)
const result = await runFaults({
  scenario,
  seed: numberOf('seed', values.seed) ?? 1,
  minutes: numberOf('minutes', values.minutes, false) ?? 10,
  ...(elements !== undefined && { elements }),
  ...(faultsPerRound !== undefined && { faultsPerRound }),
  keep: values.keep,
  log: (line) => console.log(line),
})
for (const line of closingLines(result)) console.log(line)
process.exit(isRight(result) ? 0 : 1)
