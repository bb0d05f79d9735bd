// Stands in for `mesos-fetcher`, the agent's program that brings the URIs of a task into its sandbox, which no registry carries.
//
// As the real one: paths and file:, http: and https: URIs, the agent's cache, archives unpacked beside themselves (.tar, .tgz, .tar.gz,
// .tbz2, .tar.bz2, .txz, .tar.xz, .gz, .zip), programs made executable, output_file, a code other than 0 if one of them fails. No ftp, no HDFS.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'

const information = JSON.parse(process.env.MESOS_FETCHER_INFO)
const sandbox = information.sandbox_directory

async function download(uri, to) {
  mkdirSync(dirname(to), { recursive: true })
  const [, scheme] = /^([a-z]+):/.exec(uri) ?? []
  if (scheme === 'http' || scheme === 'https') {
    const response = await fetch(uri)
    if (!response.ok) throw new Error(`status ${response.status}`)
    await pipeline(Readable.fromWeb(response.body), createWriteStream(to))
    return
  }
  if (scheme !== undefined && scheme !== 'file') throw new Error(`no way to fetch ${scheme}:`)
  const path = scheme === 'file' ? fileURLToPath(uri) : uri
  const home = information.frameworks_home
  if (!isAbsolute(path) && home === undefined) throw new Error('a path that is not absolute')
  cpSync(isAbsolute(path) ? path : join(home, path), to, { recursive: true })
}

/** @returns false if it is no archive */
async function unpack(archive) {
  if (/\.(tar|tgz|tbz2|txz|tar\.(gz|bz2|xz))$/.test(archive)) {
    run('tar', '-C', sandbox, '-xf', archive)
  } else if (archive.endsWith('.zip')) {
    run('unzip', '-o', '-q', '-d', sandbox, archive)
  } else if (archive.endsWith('.gz')) {
    const to = join(sandbox, basename(archive, '.gz'))
    await pipeline(createReadStream(archive), createGunzip(), createWriteStream(to))
  } else {
    return false
  }
  return true
}

function run(program, ...words) {
  const { status, error } = spawnSync(program, words, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw error ?? new Error(`${program} ended with ${status}`)
}

function nameOf({ value, output_file: name }) {
  return name ?? basename(value.includes('://') ? new URL(value).pathname : value)
}

for (const { uri, action = 'BYPASS_CACHE', cache_filename: cached } of information.items ?? []) {
  try {
    const inSandbox = join(sandbox, nameOf(uri))
    const isCached = action !== 'BYPASS_CACHE'
    const file = isCached ? join(information.cache_directory, cached) : inSandbox
    if (action !== 'RETRIEVE_FROM_CACHE') await download(uri.value, file)
    const isArchive = (uri.extract ?? true) && !uri.executable && (await unpack(file))
    if (isCached && !isArchive) {
      mkdirSync(dirname(inSandbox), { recursive: true })
      cpSync(file, inSandbox, { recursive: true })
    }
    if (uri.executable) chmodSync(inSandbox, 0o755)
    console.error(`Fetched ${uri.value}`)
  } catch (error) {
    console.error(`Failed to fetch '${uri.value}': ${error.message}`)
    process.exit(1)
  }
}
