// `npm run bench [-- SUITE… --against flink --runs N --json FILE --home FOLDER]`: runs the suites of bench/suites and
// prints what they report as tables. Medians over the runs; a ratio above 1 always means that we are better.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Figures } from '../bench/measure/figures.mjs'
import { renderTable } from '../bench/measure/table.mjs'
import { build, ensureInstalled, ROOT, run } from './prepare.mjs'

const SUITES = join(ROOT, 'bench', 'suites')
const ALL = readdirSync(SUITES)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length))
  .sort()
/** Names for several suites. */
const ALIASES = { 'data-plane': ['serializers', 'exchange', 'latency'] }
const USAGE = `Usage: npm run bench [-- [SUITE…] [--against flink] [--runs N] [--json FILE] [--home FOLDER]]
Suites: ${ALL.join(', ')}; all of them if none is named. data-plane stands for ${ALIASES['data-plane'].join(', ')}.
  --against flink  also measures Apache Flink, in turns with ours (needs Java and Python, downloads it once)
  --runs N         how often each figure is measured; the median counts (default 5)
  --json FILE      also writes one JSON line per figure
  --home FOLDER    an assembled installation to measure (default: npm run dist makes build/flink-ts)`

function fail(message) {
  console.error(`${message}\n${USAGE}`)
  process.exit(1)
}

function parse(words) {
  const options = { suites: [], against: undefined, runs: 5, json: undefined, home: undefined }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === '--help' || word === '-h') {
      console.log(USAGE)
      process.exit(0)
    }
    if (!word.startsWith('--')) {
      const suites = ALIASES[word] ?? [word]
      if (!ALL.includes(suites[0])) fail(`There is no suite ${word}.`)
      options.suites.push(...suites)
      continue
    }
    const name = word.slice(2)
    if (!Object.hasOwn(options, name) || name === 'suites') fail(`Unknown option ${word}.`)
    const value = words[++i]
    if (value === undefined) fail(`Option ${word} needs a value.`)
    options[name] = value
  }
  options.runs = Number(options.runs)
  if (!Number.isInteger(options.runs) || options.runs < 1) fail('--runs needs a positive integer.')
  if (options.against !== undefined && options.against !== 'flink') {
    fail(`Cannot measure against ${options.against}: only flink is known.`)
  }
  if (options.suites.length === 0) options.suites = ALL
  return options
}

const options = parse(process.argv.slice(2))
const suites = await Promise.all(
  options.suites.map(async (name) => ({
    name,
    ...(await import(pathToFileURL(join(SUITES, `${name}.mjs`)).href)),
  })),
)

let home
if (suites.some(({ needsInstallation }) => needsInstallation)) {
  home = resolve(options.home ?? join(ROOT, 'build', 'flink-ts'))
  if (options.home === undefined) run(process.execPath, [join(ROOT, 'scripts', 'dist.mjs')])
} else {
  ensureInstalled()
  build({ tests: false })
}

let against
if (options.against === 'flink' && suites.some(({ needsInstallation }) => needsInstallation)) {
  const { prepareApacheFlink } = await import('../bench/flink/prepare.mjs')
  const { home: flinkHome, missing } = await prepareApacheFlink()
  if (missing === undefined) against = { name: 'flink', home: flinkHome }
  else console.error(`Apache Flink is not measured: ${missing}`)
}

const scratch = mkdtempSync(join(tmpdir(), 'flink-ts-bench-'))
const stops = []
let stopping = Promise.resolve()
let interrupted = false

/** Ends what suites have started and not ended yet, one after the other, whoever asks. */
function stopAll() {
  stopping = stopping.then(async () => {
    while (stops.length > 0) await stops.pop()()
  })
  return stopping
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    interrupted = true
    await stopAll()
    rmSync(scratch, { recursive: true, force: true })
    process.exit(130)
  })
}

const [cpu] = cpus()
console.log(
  `${cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
)
const lines = []
let code = 0
for (const { name, run: runSuite } of suites) {
  const figures = new Figures(name)
  const before = loadavg()[0].toFixed(2)
  try {
    await runSuite({
      report: (figure) => figures.add(figure),
      runs: options.runs,
      against,
      root: ROOT,
      home,
      scratch,
      log: (text) => console.error(`${name}: ${text}`),
      /** A function that is called if the bench ends early: each suite ends what it started. */
      atEnd: (stop) => stops.push(stop),
    })
  } catch (error) {
    code = 1
    console.error(`${name} failed: ${error.stack}`)
  }
  await stopAll()
  // The signal's handler ends this process.
  if (interrupted) await new Promise(() => {})
  const rows = figures.rows()
  lines.push(...rows)
  console.log(`\n${name} (load ${before} before, ${loadavg()[0].toFixed(2)} after)`)
  console.log(renderTable(rows))
}
rmSync(scratch, { recursive: true, force: true })
if (options.json !== undefined) {
  writeFileSync(options.json, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
process.exit(code)
