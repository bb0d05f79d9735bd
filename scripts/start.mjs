// `npm start [-- --keep]`: from a fresh clone to a counted text. Installs, builds, starts the cluster of conf/,
// runs the WordCount example with bin/flink, shows the most frequent words and stops the cluster.
import { spawn } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { build, ensureInstalled, ROOT } from './prepare.mjs'

const TOP = 10
const TEXT = join(ROOT, 'packages', 'examples', 'data', 'kjv-bible.txt')
const PROGRAM = join(ROOT, 'packages', 'examples', 'src', 'wordcount.ts')

const words = process.argv.slice(2)
const unknown = words.find((word) => word !== '--keep')
if (unknown !== undefined) {
  console.error(`Unknown option ${unknown}. Usage: npm start [-- --keep]`)
  process.exit(1)
}
const keep = words.includes('--keep')

/** Runs a script of bin/ with its output shown; resolves to its exit code. */
function bin(name, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, 'bin', name), args, { stdio: 'inherit', cwd: ROOT })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(signal === null ? code : 130))
  })
}

const show = (path) => relative(ROOT, path)

/** A folder of build/ that is not there yet: an earlier result is never overwritten. */
function freshOutput() {
  mkdirSync(join(ROOT, 'build', 'wordcount'), { recursive: true })
  for (let n = 1; ; n++) {
    const path = join(ROOT, 'build', 'wordcount', `result-${n}`)
    if (!existsSync(path)) return path
  }
}

/** The subtasks of the sink wrote a file each. */
async function printTop(folder) {
  const counts = []
  for (const name of readdirSync(folder)) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      const [word, count] = line.split('\t')
      counts.push([word, Number(count)])
    }
  }
  counts.sort((a, b) => b[1] - a[1])
  console.log(`\nThe ${TOP} most frequent of ${counts.length} words:`)
  for (const [word, count] of counts.slice(0, TOP))
    console.log(`${String(count).padStart(8)}  ${word}`)
}

let running = false
async function stop() {
  if (!running) return 0
  running = false
  return bin('stop-cluster.sh')
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    await stop()
    process.exit(130)
  })
}

ensureInstalled()
build({ tests: false })

running = true
let code = await bin('start-cluster.sh')
if (code === 0) {
  const output = freshOutput()
  console.log(`\nCounting the words of ${show(TEXT)} …`)
  code = await bin(
    'flink',
    ...['run', '-p', '4', PROGRAM],
    ...['--execution-mode', 'batch', '--input', TEXT, '--output', output],
  )
  if (code === 0) {
    await printTop(output)
    console.log(`\nThe complete result: ${show(output)}`)
  }
}
if (keep && code === 0) {
  console.log('\nThe cluster keeps running; bin/stop-cluster.sh stops it.')
} else {
  code = Math.max(code, await stop())
}
process.exit(code)
