import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clusterFolder } from './cluster-folder.js'

const VERSION = '1.11.0'
/** A Python extension that has all of libmesos in it: nothing else of Mesos is in a registry in binary form. */
const PACKAGE = `mesos.scheduler==${VERSION}.linux-x86_64`
const LIBRARY_SHA256 = '84d7ee9af27e912636b139de40257df1ee4f56c201de6bba834278aa1e8fd64c'
const SOURCES = fileURLToPath(new URL('../../clusters/mesos/', import.meta.url))
/** Debian packages by the libraries that the loader may miss. */
const PACKAGES: Readonly<Record<string, string>> = {
  libsvn: 'libsvn1',
  libapr: 'libapr1',
  libsasl2: 'libsasl2-2',
}
const LIBCURL = '/usr/lib/x86_64-linux-gnu/libcurl.so.4'
/** Stand-ins for old libraries: their versions, and with what `shim.c` is compiled. */
const SHIMS: readonly (readonly [name: string, versions: string, ...words: string[]])[] = [
  ['libcurl.so.4', 'CURL_OPENSSL_3 { global: curl_*; };', `-DLIBCURL="${LIBCURL}"`],
  ['libssl.so.1.0.0', 'OPENSSL_1.0.0 { };\nOPENSSL_1.0.1 { };\nOPENSSL_1.0.2 { };'],
  ['libcrypto.so.1.0.0', 'OPENSSL_1.0.0 { global: *; };\nOPENSSL_1.0.2 { };', '-DCRYPTO'],
]

const home = () => clusterFolder(`mesos-${VERSION}`)
const library = () => join(home(), 'libmesos.so')

/** The folder of what agents start: `mesos-containerizer`, `mesos-executor`, `mesos-fetcher`, and of `host`. */
export function mesosPrograms(): string {
  const hash = createHash('sha256').update(process.execPath)
  const sources = readdirSync(SOURCES).filter((name) => !name.endsWith('.md'))
  for (const name of sources.sort()) hash.update(readFileSync(join(SOURCES, name)))
  hash.update(JSON.stringify(SHIMS))
  return join(home(), `programs-${hash.digest('hex').slice(0, 12)}`)
}

/**
 * Fetches Mesos and builds what starts it; libraries of Debian that it needs are installed if this process may.
 *
 * @throws Error without pip, a C++ compiler or those libraries
 */
export function installMesos(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Mesos is to be had for Linux on x86-64 alone')
  }
  mkdirSync(home(), { recursive: true })
  if (!existsSync(library())) fetchLibrary()
  if (!existsSync(mesosPrograms())) buildPrograms()
  const missing = missingPackages()
  if (missing.length === 0) return
  run('apt-get', ['update', '-qq'])
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing])
}

/** Why there is no Mesos here; undefined if there is. */
export function mesosMissing(): string | undefined {
  if (!existsSync(library()) || !existsSync(mesosPrograms())) {
    return 'Mesos is not installed: node integration-tests/dist-test/clusters/install.js mesos'
  }
  const missing = missingPackages()
  return missing.length === 0 ? undefined : `Mesos needs ${missing.join(', ')} (apt-get install)`
}

/** pip fetches and unpacks the archive, and then finds no project in it; what it unpacked is what is wanted. */
function fetchLibrary(): void {
  const work = mkdtempSync(join(home(), 'download-'))
  try {
    const { error, stderr } = spawnSync(
      'python3',
      ['-m', 'pip', 'download', '--no-deps', '--no-clean', '--no-cache-dir', '-d', work, PACKAGE],
      { env: { ...process.env, TMPDIR: work }, encoding: 'utf8' },
    )
    const name = readdirSync(work, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith('/_scheduler.so'),
    )
    if (name === undefined) throw new Error(`Cannot fetch ${PACKAGE}: ${error?.message ?? stderr}`)
    const found = createHash('sha256')
      .update(readFileSync(join(work, name)))
      .digest('hex')
    if (found !== LIBRARY_SHA256) {
      throw new Error(`${PACKAGE} is not the known one: SHA-256 ${found}, not ${LIBRARY_SHA256}`)
    }
    renameSync(join(work, name), library())
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function buildPrograms(): void {
  const work = mkdtempSync(join(home(), 'build-'))
  try {
    for (const [name, versions, ...words] of SHIMS) {
      const map = join(work, 'versions')
      writeFileSync(map, versions)
      const link = [`-Wl,--version-script=${map}`, `-Wl,-soname,${name}`]
      const from = join(SOURCES, 'shim.c')
      run('gcc', ['-shared', '-fPIC', ...words, '-o', join(work, name), from, ...link, '-ldl'])
    }
    run('g++', [
      ...['-std=c++11', '-O1', '-rdynamic', '-o', join(work, 'host'), join(SOURCES, 'host.cc')],
      ...['-ldl', '-Wl,--disable-new-dtags,-rpath,$ORIGIN'],
    ])
    symlinkSync('host', join(work, 'mesos-containerizer'))
    symlinkSync('../libmesos.so', join(work, 'libmesos.so'))
    const programs = mesosPrograms()
    for (const name of ['executor', 'fetcher']) {
      copyFileSync(join(SOURCES, `${name}.mjs`), join(work, `${name}.mjs`))
      const script = join(work, `mesos-${name}`)
      writeFileSync(
        script,
        `#!/bin/sh\nexec '${process.execPath}' '${programs}/${name}.mjs' "$@"\n`,
      )
      chmodSync(script, 0o755)
    }
    chmodSync(work, 0o755)
    renameSync(work, programs)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function missingPackages(): string[] {
  const { stdout } = spawnSync('ldd', [library()], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: mesosPrograms() },
  })
  const missing = [...stdout.matchAll(/^\s*(lib[a-z0-9]+)\S* => not found/gm)].map(
    ([, name]) => PACKAGES[name!] ?? name!,
  )
  return [...new Set([...missing, ...(existsSync(LIBCURL) ? [] : ['libcurl4'])])]
}

function run(program: string, words: readonly string[]): void {
  const { status, error } = spawnSync(program, words, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) throw new Error(`${program} ${error?.message ?? `ended with ${status}`}`)
}
