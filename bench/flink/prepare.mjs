import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '2.3.0'
const SOURCES = fileURLToPath(new URL('./src/bench/', import.meta.url))

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function must(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`)
}

/**
 * Two packages of PyPI together hold a whole Apache Flink: one its lib/, opt/ and plugins/, the other bin/ and conf/.
 */
function install(cache, home) {
  const work = mkdtempSync(join(cache, 'install-'))
  try {
    must('python3', ['-m', 'venv', join(work, 'venv')])
    const packages = [`apache-flink-libraries==${VERSION}`, `apache-flink==${VERSION}`]
    const pip = join(work, 'venv', 'bin', 'pip')
    must(pip, ['install', '-q', '--no-deps', '--only-binary', ':all:', ...packages])
    const lib = join(work, 'venv', 'lib')
    const python = readdirSync(lib).find((name) => name.startsWith('python'))
    renameSync(join(lib, python, 'site-packages', 'pyflink'), home)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Compiles the programs anew each time: it takes two seconds and is never out of date. */
function compile(cache, home) {
  const work = mkdtempSync(join(cache, 'compile-'))
  try {
    const sources = readdirSync(SOURCES).map((file) => join(SOURCES, file))
    must('javac', ['-nowarn', '-d', work, '-cp', join(home, 'lib', '*'), ...sources])
    must('jar', ['cf', join(home, 'bench.jar'), '-C', work, '.'])
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * An Apache Flink to measure against, in a folder that is kept (`FLINK_TS_CACHE`, else `~/.cache/flink-ts`).
 *
 * @returns `home`, or in `missing` what this machine lacks for it
 */
export async function prepareApacheFlink() {
  for (const [command, what] of [
    ['java', 'a Java runtime (java)'],
    ['javac', 'a Java compiler (javac)'],
  ]) {
    if (!works(command, ['-version'])) return { missing: `${what} is not installed` }
  }
  const cache = process.env.FLINK_TS_CACHE ?? join(homedir(), '.cache', 'flink-ts')
  mkdirSync(cache, { recursive: true })
  const home = join(cache, `flink-${VERSION}`)
  if (!existsSync(join(home, 'bin', 'flink'))) {
    if (!works('python3', ['-m', 'venv', '--help'])) {
      return { missing: 'Python 3 with venv (python3) is not installed, which downloads it' }
    }
    console.error(`Installing Apache Flink ${VERSION} in ${home} …`)
    install(cache, home)
  }
  compile(cache, home)
  return { home }
}
