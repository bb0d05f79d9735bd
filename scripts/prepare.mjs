// What every command of the workspace needs first: dependencies installed and sources built.
// Uses nothing but Node itself, because on a fresh clone there is nothing else.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`flink-ts needs Node 20.19 or later; this is ${process.versions.node}`)
  process.exit(1)
}

/** Runs a command with its output shown; ends this process if it fails. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    ...options,
  })
  if (error !== undefined) {
    console.error(`cannot run ${command}: ${error.message}`)
    process.exit(1)
  }
  if (signal !== null) process.exit(130)
  if (status !== 0) process.exit(status ?? 1)
}

const modifiedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** Installs what package-lock.json names, unless that has been done since it changed last. */
export function ensureInstalled() {
  const lock = modifiedAt(join(ROOT, 'package-lock.json'))
  const installed = modifiedAt(join(ROOT, 'node_modules', '.package-lock.json'))
  if (installed > 0 && installed >= lock) return
  console.error('Installing dependencies …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** Compiles; `tests` also compiles the tests. Incremental. */
export function build({ tests }) {
  console.error(tests ? 'Building sources and tests …' : 'Building …')
  run(process.execPath, [
    join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
    tests ? 'tsconfig.json' : 'tsconfig.build.json',
  ])
}
