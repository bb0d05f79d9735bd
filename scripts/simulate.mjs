// Runs clusters on virtual time, each from a seed (packages/testing), in as many threads as there are processors.
//   npm run simulate -- [--seeds N] [--first-seed K] [--scenario NAME] [--agents N] [--threads N] [--verbose]
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const HELP = `npm run simulate -- [--seeds N] [--first-seed K] [--scenario NAME] [--agents N] [--threads N] [--verbose]

  --seeds N        how many seeds, each with every scenario (default 100)
  --first-seed K   the first of them (default 1)
  --scenario NAME  only this scenario
  --agents N       machines that Mesos has in scenario mesos-chaos (default 4)
  --threads N      how many run at the same time (default: the number of processors)
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

/** With fewer there would be no room for the jobs; a run with many more would take hours. */
function agents(text) {
  if (text === undefined) return undefined
  const count = wholeNumber('agents', text)
  if (count < 4 || count > 20_000) fail(`--agents ${text}: expected a number from 4 to 20000`)
  if (values.scenario !== 'mesos-chaos') fail('--agents: expected with --scenario mesos-chaos')
  return count
}

let values
try {
  values = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      'first-seed': { type: 'string', default: '1' },
      scenario: { type: 'string' },
      agents: { type: 'string' },
      threads: { type: 'string', default: String(availableParallelism()) },
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
const threads = wholeNumber('threads', values.threads)
const mesosAgents = agents(values.agents)
const MAX_REPORTS = 5
let [steps, faults, violations] = [0, 0, 0]
const faultsByKind = new Map()
const startedMs = performance.now()

function* tasks() {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    for (const { name } of scenarios) yield { scenario: name, seed, mesosAgents }
  }
}

if (values.verbose) await runHere()
else await runInThreads(tasks())
printKinds()
console.log(`seeds ${seeds}, steps ${steps}, faults ${faults}, violations ${violations}`)
process.exit(violations === 0 ? 0 : 1)

/** One after the other, every event printed. */
async function runHere() {
  const world = {
    stackTraces: true,
    debug: true,
    onTraceEvent: (event) => console.log(renderTraceEvent(event)),
  }
  for (const { scenario, ...options } of tasks()) {
    const { error, ...outcome } = await runScenario(
      SCENARIOS.find(({ name }) => name === scenario),
      { ...options, ...world },
    )
    count({ ...outcome, message: error === undefined ? undefined : String(error?.stack ?? error) })
  }
}

async function runInThreads(remaining) {
  const count = Math.min(threads, seeds * scenarios.length)
  await Promise.all(Array.from({ length: count }, () => runInThread(remaining)))
}

function runInThread(remaining) {
  const worker = new Worker(new URL('./simulate-worker.mjs', import.meta.url), {
    workerData: { library: library.href },
  })
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', resolve)
    worker.on('message', (outcome) => {
      if (outcome !== 'ready') count(outcome)
      const { value: task } = remaining.next()
      if (task === undefined) void worker.terminate()
      else worker.postMessage(task)
    })
  })
}

function count(outcome) {
  steps += outcome.steps
  faults += outcome.faults
  for (const [kind, number] of Object.entries(outcome.faultsByKind)) {
    faultsByKind.set(kind, (faultsByKind.get(kind) ?? 0) + number)
  }
  if (outcome.message === undefined) return
  violations++
  if (violations <= MAX_REPORTS) report(outcome)
}

function printKinds() {
  if (faultsByKind.size === 0) return
  const kinds = [...faultsByKind].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [kind, number] of kinds) console.log(`${String(number).padStart(9)} ${kind}`)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${seeds * scenarios.length} runs in ${seconds} s`)
}

function report({ scenario, seed, message, traceTail, traceHash }) {
  const size = mesosAgents === undefined ? '' : ` --agents ${mesosAgents}`
  const tail = values.verbose ? [] : traceTail.slice(-80)
  console.error(`
Violation in scenario ${scenario}, seed ${seed}: ${message}
${tail.join('\n')}
trace ${traceHash}
replay with: npm run simulate -- --scenario ${scenario}${size} --first-seed ${seed} --seeds 1 --verbose
`)
}
