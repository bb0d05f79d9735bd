import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlinkError } from '@flink-ts/core'
import { type Credentials, parseCredentials } from '@flink-ts/hadoop-rpc'
import { DEPLOYMENT_FILE, type YarnDeployment } from '../deployment/yarn-deployment.js'

/**
 * Reads what whoever deployed the application left in the folder of the container.
 *
 * @throws FlinkError FLINK_YARN_CONTAINER if it is not there, or of another version
 */
export async function readDeployment(folder: string): Promise<YarnDeployment> {
  const path = join(folder, DEPLOYMENT_FILE)
  let deployment: YarnDeployment
  try {
    deployment = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw unusable(`${path} cannot be read: ${(cause as Error).message}`, cause)
  }
  const { formatVersion } = deployment
  if (formatVersion !== 1) throw unusable(`${path} is of version ${formatVersion}, not 1`)
  return deployment
}

/** @throws FlinkError FLINK_YARN_CONTAINER if the file is not there, InvalidCredentialsError if it is damaged */
export async function readContainerTokens(path: string | undefined): Promise<Credentials> {
  if (!path) throw unusable('HADOOP_TOKEN_FILE_LOCATION is not set')
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw unusable(`${path} cannot be read: ${(cause as Error).message}`, cause)
  }
  return parseCredentials(bytes)
}

function unusable(why: string, cause?: unknown): FlinkError {
  return new FlinkError(
    `This JobManager was not deployed on YARN: ${why}; deploy it with bin/yarn-session.sh or 'flink run -t yarn-…'`,
    { code: 'FLINK_YARN_CONTAINER', cause },
  )
}
