import { type Clock, type Logger, noopLogger, type Random } from '@flink-ts/core'
import type { ZooKeeperClient, ZooKeeperClientOptions } from '@flink-ts/zookeeper-client'
import { KnownMasters } from './known-masters.js'
import type { MasterDetector } from './master-detector.js'
import { type MesosMaster, parseMesosMaster } from './mesos-master.js'
import { MesosMasterError } from './mesos-master-error.js'
import { readMasterFile } from './read-master-file.js'
import { ZooKeeperMasters } from './zookeeper-masters.js'

/** What masters of Mesos have themselves. */
const SESSION_TIMEOUT_MS = 10_000
const CONNECTION_TIMEOUT_MS = 15_000

export interface MasterDetectorOptions {
  /** See {@link parseMesosMaster}. */
  readonly master: string
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly readFile?: (path: string) => Promise<string>
  readonly createZooKeeperClient?: (options: ZooKeeperClientOptions) => ZooKeeperClient
}

/**
 * A detector of what `options.master` names, not started. ZooKeeper's client is loaded only where there is a ZooKeeper.
 *
 * @throws MesosMasterError if that, or the file that it names, names no master
 */
export async function createMasterDetector(
  options: MasterDetectorOptions,
): Promise<MasterDetector> {
  const { clock, random, log = noopLogger } = options
  const master = await resolveFile(parseMesosMaster(options.master), options)
  if (master.kind === 'addresses') return new KnownMasters(master.addresses)
  const { connectString, path, authorization } = master
  const create = options.createZooKeeperClient ?? (await loadZooKeeperClient())
  const zooKeeper = create({
    connectString,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
    ...(authorization !== undefined && {
      authorization: [{ scheme: 'digest', auth: authorization }],
    }),
    acl: 'open',
    clock,
    random,
    log,
  })
  return new ZooKeeperMasters({ zooKeeper, connectString, path, clock, log })
}

/**
 * Asks nobody: reads what is given, and the file that it names.
 *
 * @throws MesosMasterError if that, or what the file says, names no master
 */
export async function checkMesosMaster(master: string): Promise<void> {
  await resolveFile(parseMesosMaster(master), { master })
}

async function loadZooKeeperClient(): Promise<
  (options: ZooKeeperClientOptions) => ZooKeeperClient
> {
  const { NodeZooKeeperClient } = await import('@flink-ts/zookeeper-client')
  return (options) => new NodeZooKeeperClient(options)
}

async function resolveFile(
  master: MesosMaster,
  { master: text, readFile = readMasterFile }: Pick<MasterDetectorOptions, 'master' | 'readFile'>,
): Promise<Exclude<MesosMaster, { kind: 'file' }>> {
  if (master.kind !== 'file') return master
  let content: string
  try {
    content = await readFile(master.path)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new MesosMasterError(text, `the file cannot be read: ${words}`, cause)
  }
  const named = inFile(text, content)
  if (named.kind === 'file') throw new MesosMasterError(text, 'the file names another file')
  return named
}

function inFile(text: string, content: string): MesosMaster {
  try {
    return parseMesosMaster(content)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new MesosMasterError(text, `what the file says is wrong: ${words}`, cause)
  }
}
