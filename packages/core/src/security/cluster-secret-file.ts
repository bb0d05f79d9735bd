import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Configuration } from '../configuration/configuration.js'
import { SecurityOptions } from '../configuration/options/security-options.js'
import { FlinkError } from '../errors/flink-error.js'
import { ClusterSecret } from './cluster-secret.js'

/** In the folder of the configuration, unless `security.cluster.secret-file` names another. */
const CLUSTER_SECRET_FILE_NAME = 'cluster-secret'

/** Where the secret of a cluster is, whose configuration came from the folder `configDir`. */
export function clusterSecretPath(configuration: Configuration, configDir: string): string {
  const configured = configuration.get(SecurityOptions.CLUSTER_SECRET_FILE)
  return resolve(configured ?? join(configDir, CLUSTER_SECRET_FILE_NAME))
}

/**
 * Reads a secret that nobody but its owner can read.
 *
 * @returns undefined if there is no such file
 * @throws FlinkError FLINK_CLUSTER_SECRET when others can read it, or it cannot be used
 */
export function readClusterSecret(path: string): ClusterSecret | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refused(`Cannot read the cluster secret ${path}: ${(cause as Error).message}`, cause)
  }
  try {
    // Of the open file: a name may mean another file a moment later.
    checkPrivate(path, fstatSync(file))
    return ClusterSecret.fromText(readFileSync(file, 'utf8'), path)
  } finally {
    closeSync(file)
  }
}

/** Reads the secret; makes a new one, mode 0600, if there is none. Any number of processes may do so at once. */
export function readOrCreateClusterSecret(path: string): ClusterSecret {
  const existing = readClusterSecret(path)
  if (existing !== undefined) return existing
  const temporary = writePrivate(path, ClusterSecret.random())
  try {
    // Unlike a rename it does not replace the secret of whoever was faster.
    linkSync(temporary, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, cause)
  } finally {
    rmSync(temporary, { force: true })
  }
  return readOrCreateClusterSecret(path)
}

/** Makes `secret` that of the file, mode 0600, whatever was there. */
export function writeClusterSecret(path: string, secret: ClusterSecret): void {
  const temporary = writePrivate(path, secret)
  try {
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw cannotWrite(path, cause)
  }
}

function writePrivate(path: string, secret: ClusterSecret): string {
  const temporary = join(
    dirname(path),
    `.${CLUSTER_SECRET_FILE_NAME}-${randomBytes(8).toString('hex')}`,
  )
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(temporary, secret.fileText(), { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw cannotWrite(path, cause)
  }
  return temporary
}

function checkPrivate(path: string, { mode, uid }: Stats): void {
  // Windows has other means than modes.
  if (process.getuid === undefined) return
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    throw refused(
      `The cluster secret ${path} is open to other users (mode ${shown}): run "chmod 600 ${path}"; if others may have ` +
        'read it, delete it on all machines, so that a new one is made',
    )
  }
  const own = process.getuid()
  if (uid !== own && uid !== 0) {
    throw refused(
      `The cluster secret ${path} belongs to user ${uid}, this process to ${own}: start the processes of a cluster as one user`,
    )
  }
}

function cannotWrite(path: string, cause: unknown): FlinkError {
  return refused(
    `Cannot write the cluster secret ${path}: ${(cause as Error).message}; set ${SecurityOptions.CLUSTER_SECRET_FILE.key} ` +
      'to a file in a folder that can be written, the same on all machines',
    cause,
  )
}

function refused(message: string, cause?: unknown): FlinkError {
  return new FlinkError(message, { code: 'FLINK_CLUSTER_SECRET', cause })
}
