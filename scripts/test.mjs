// `npm test [-- files and tap options]`: installs and builds if needed, runs every test with tap and closes with what
// failed and one plain line: `N passed, N failed, N skipped`.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, ensureInstalled, ROOT } from './prepare.mjs'
import { endStrayProcesses, MARK } from './stray-processes.mjs'
import { ALONE, testFiles } from './testing/plan.mjs'
import { RunSummary } from './testing/run-summary.mjs'

/** Building a server takes minutes, once. */
const INSTALL_TIMEOUT_MS = 10 * 60_000

ensureInstalled()
build({ tests: true })

const args = process.argv.slice(2)
if (args.length === 0) installServers()
const runner = join(ROOT, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
// Its plugins are those of .taprc only once it was built with them: else it loads each file through a compiler.
spawnSync(process.execPath, [runner, 'build'], { cwd: ROOT, stdio: 'ignore' })
const run = `${process.pid}-${Date.now()}`
const tap = spawn(process.execPath, args.length === 0 ? everything() : chosen(args), {
  cwd: ROOT,
  env: { ...process.env, [MARK]: run },
  stdio: ['ignore', 'pipe', 'inherit'],
})

let rest = ''
const summary = new RunSummary()
tap.stdout.setEncoding('utf8')
tap.stdout.on('data', (chunk) => {
  process.stdout.write(chunk)
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  for (const line of lines) summary.line(line)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tap.kill(signal))

// Not 'close': a process that was left behind may hold the output open.
tap.on('exit', () => endStrayProcesses(run))
tap.on('close', (status, signal) => {
  console.log(summary.closing(status).join('\n'))
  process.exit(status ?? (signal === null ? 1 : 130))
})

/** As plan.mjs says. */
function everything() {
  return [join(ROOT, 'scripts', 'testing', 'run-files.mjs'), ...testFiles()]
}

/** By tap's own runner, whose options they may be. */
function chosen(words) {
  return [runner, '--reporter=tap', ...ALONE.map((file) => `--serial=${file}`), ...words]
}

/** Real servers that some tests need, from the registries and kept outside of the repository. Tests of those that cannot be had are skipped. */
function installServers() {
  const install = join(ROOT, 'integration-tests', 'dist-test', 'clusters', 'install.js')
  for (const name of ['hadoop', 'zookeeper', 'mesos', 's3']) {
    const { status } = spawnSync(process.execPath, [install, name], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      timeout: INSTALL_TIMEOUT_MS,
    })
    if (status !== 0) console.error(`Tests that need ${name} will be skipped`)
  }
}
