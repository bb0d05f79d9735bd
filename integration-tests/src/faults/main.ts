/** The fault run: see docs/reliability.md. `node integration-tests/dist-test/faults/main.js [--minutes M] [--seed S] [--scenario NAME]` */
import { parseArgs } from 'node:util'
import { runCrashPoints } from '../crash-points/run-crash-points.js'
import { RunInterruptedError } from './run-frame.js'
import { SCENARIO_RUNS } from './scenario-runs.js'
import { findPatches } from './sensitivity/find-patches.js'
import { FAULT_PATCHES } from './sensitivity/patches.js'
import { closingLines, isRight } from './summary.js'

const HELP = `npm run faults -- [--minutes M] [--seed S] [--scenario NAME]

  --minutes M      how long rounds begin; the last one runs to its end (default 10)
  --seed S         which faults come in which order (default 1)
  --scenario NAME  which faults there are (default all): ${SCENARIO_RUNS.map(({ name }) => name).join(', ')}
  --elements N     elements of the job of each round (default 60000)
  --faults N       faults of each round at the most
  --patches        instead: every kept patch, which breaks a promise, must be found
  --patch NAME     only this one of them
  --crash-points   instead: the leader dies at each step of a submission and of the end of a job
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
        patches: { type: 'boolean', default: false },
        patch: option,
        'crash-points': { type: 'boolean', default: false },
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
const seed = numberOf('seed', values.seed) ?? 1
const log = (line: string) => console.log(line)
const abort = new AbortController()
/** As shells tell it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
let exitCode: number | undefined
for (const [name, code] of Object.entries(EXIT_CODES)) {
  // A terminal sends it to all processes of the run, of which some pass it on: only the first one counts.
  process.on(name, () => {
    exitCode ??= code
    abort.abort(new RunInterruptedError(name))
  })
}
if (values.patches || values.patch !== undefined) {
  if (values.patch !== undefined && !FAULT_PATCHES.some(({ name }) => name === values.patch)) {
    fail(`There is no patch ${values.patch}: ${FAULT_PATCHES.map(({ name }) => name).join(', ')}`)
  }
  const missed = await findPatches({ log, seed, only: values.patch, signal: abort.signal })
  const rest = abort.signal.aborted ? ', but not all were tried' : ''
  console.log(`patches not found: ${missed.length === 0 ? 'none' : missed.join(', ')}${rest}`)
  process.exit(exitCode ?? (missed.length === 0 ? 0 : 1))
}
if (values['crash-points']) {
  const failed = await runCrashPoints({ log, signal: abort.signal })
  console.log(`crash points that went wrong: ${failed.length === 0 ? 'none' : failed.join(', ')}`)
  process.exit(exitCode ?? (failed.length === 0 ? 0 : 1))
}
const elements = numberOf('elements', values.elements)
const faultsPerRound = numberOf('faults', values.faults)
const options = {
  seed,
  minutes: numberOf('minutes', values.minutes, false) ?? 10,
  ...(elements !== undefined && { elements }),
  ...(faultsPerRound !== undefined && { faultsPerRound }),
  keep: values.keep,
  signal: abort.signal,
  log,
}
const name = values.scenario ?? 'all'
const run =
  SCENARIO_RUNS.find((each) => each.name === name)?.run ?? fail(`There is no scenario ${name}.`)
const result = await run(options)
for (const line of closingLines(result)) console.log(line)
process.exit(exitCode ?? (isRight(result) ? 0 : 1))
