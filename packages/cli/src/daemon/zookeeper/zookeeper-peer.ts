import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { FlinkError } from '@flink-ts/core'
import type { DaemonLaunch } from '../daemon-process.js'
import { DAEMONS, type DaemonSettings } from '../daemon-settings.js'
import { clientAddressOf, type ZooCfg } from './zoo-cfg.js'

const WORD_TIMEOUT_MS = 1_000

/**
 * Makes ready what a real ZooKeeper server needs: its folder with `myid`, and a configuration without gaps.
 *
 * @param id of its line in zoo.cfg; of no meaning if there is none
 * @returns how to start it: Java with the jars of `ZOOKEEPER_HOME`; it is ready when it answers clients, with or without a quorum
 * @throws FlinkError FLINK_ZOOKEEPER_PEER, FLINK_ZOOKEEPER_HOME, FLINK_JAVA saying what to set
 */
export function prepareZooKeeperPeer(
  zooCfg: ZooCfg,
  id: number,
  settings: DaemonSettings,
): DaemonLaunch {
  const { environment } = settings
  const peer = zooCfg.peers.find((each) => each.id === id)
  if (peer === undefined && zooCfg.peers.length > 0) {
    const known = zooCfg.peers.map((each) => each.id).join(', ')
    throw new FlinkError(`There is no line server.${id}= in ${zooCfg.file}; there are ${known}`, {
      code: 'FLINK_ZOOKEEPER_PEER',
    })
  }
  const home = zooKeeperHome(environment)
  const program = java(environment)
  const folder = resolve(
    zooCfg.properties.get('dataDir') ??
      join(tmpdir(), `flink-${settings.identString}-zookeeper-${id}`),
  )
  mkdirSync(folder, { recursive: true })
  writeId(join(folder, 'myid'), id, zooCfg.file)
  const file = join(folder, 'flink-zoo.cfg')
  const properties = new Map([...zooCfg.properties, ['dataDir', folder]])
  const lines = [
    ...[...properties].map(([key, value]) => `${key}=${value}`),
    ...zooCfg.peers.map((each) => `server.${each.id}=${each.address}`),
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const flags = (environment['SERVER_JVMFLAGS'] ?? environment['JVMFLAGS'] ?? '').split(/\s+/)
  const address = clientAddressOf(zooCfg, peer)
  return {
    program,
    words: [
      ...flags.filter((flag) => flag !== ''),
      '-cp',
      [join(home, 'conf'), join(home, 'lib', '*')].join(':'),
      DAEMONS.zookeeper,
      file,
    ],
    isReady: () => answers(address),
  }
}

function zooKeeperHome(environment: DaemonSettings['environment']): string {
  const fail = (problem: string) =>
    new FlinkError(
      `${problem}: flink-ts has no ZooKeeper of its own; unpack a release of Apache ZooKeeper and set ZOOKEEPER_HOME to its folder`,
      { code: 'FLINK_ZOOKEEPER_HOME' },
    )
  const home = environment['ZOOKEEPER_HOME'] ?? ''
  if (home === '') throw fail('ZOOKEEPER_HOME is not set')
  const lib = join(home, 'lib')
  const hasJar =
    existsSync(lib) && readdirSync(lib).some((name) => /^zookeeper-\d.*\.jar$/.test(name))
  if (!hasJar) throw fail(`There is no ZooKeeper in ${lib} (zookeeper-*.jar)`)
  return resolve(home)
}

function java(environment: DaemonSettings['environment']): string {
  const home = environment['JAVA_HOME'] ?? ''
  const program = home === '' ? 'java' : join(home, 'bin', 'java')
  const { error } = spawnSync(program, ['-version'], { stdio: 'ignore', env: environment })
  if (error === undefined) return program
  throw new FlinkError(
    `Cannot run ${program}, which ZooKeeper needs: ${error.message}; install Java 11 or later, or set JAVA_HOME`,
    { code: 'FLINK_JAVA', cause: error },
  )
}

/** The data of one peer must not become another's. */
function writeId(file: string, id: number, zooCfg: string): void {
  const there = existsSync(file) ? readFileSync(file, 'utf8').trim() : `${id}`
  if (there !== `${id}`) {
    throw new FlinkError(
      `${file} says that the data beside it is of server ${there}, not ${id}: servers on one machine need a zoo.cfg with a dataDir of their own each (FLINK_CONF_DIR); remove the file if the number in ${zooCfg} was changed`,
      { code: 'FLINK_ZOOKEEPER_PEER' },
    )
  }
  writeFileSync(file, `${id}\n`)
}

/** Whether a server says anything to the one word that is always allowed. */
function answers(address: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    let isAnswered = false
    const socket = connect(address)
    socket.setTimeout(WORD_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.write('srvr'))
    socket.on('data', () => {
      isAnswered = true
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(isAnswered))
  })
}
