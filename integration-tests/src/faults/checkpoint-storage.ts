import { join } from 'node:path'
import type { FileSystem } from '@flink-ts/core'
import { hadoopMissing } from '../clusters/hadoop-jars.js'
import { startHdfs } from '../clusters/hdfs.js'
import { minioMissing, startMinio } from '../clusters/minio.js'
import type { ExternalServer } from '../clusters/server-process.js'
import { fileSystemsOf } from '../support/remote-file-system.js'
import { CheckpointDisk } from './checkpoint-disk.js'

/** Where the cluster of a fault run keeps checkpoints and savepoints. */
export interface CheckpointStorage {
  /** `execution.checkpointing.dir`. */
  readonly checkpoints: string
  /** `execution.checkpointing.savepoint-dir`. */
  readonly savepoints: string
  /** More keys for who reaches it. */
  readonly configuration: Readonly<Record<string, string>>
  readonly fileSystem: FileSystem
  /** Processes that it consists of; none for a local disk. */
  readonly servers: readonly ExternalServer[]
  /** A local disk that can be full. */
  readonly disk: CheckpointDisk | undefined
  close(): Promise<void>
}

export type CheckpointStorageKind = 'local' | 's3' | 'hdfs'

/** @throws Error if the server that it needs is not installed */
export async function startCheckpointStorage(
  kind: CheckpointStorageKind,
  folder: string,
): Promise<CheckpointStorage> {
  switch (kind) {
    case 'local':
      return localStorage(folder)
    case 's3':
      return s3Storage()
    case 'hdfs':
      return hdfsStorage()
  }
}

function localStorage(folder: string): CheckpointStorage {
  const disk = new CheckpointDisk(join(folder, 'checkpoints'))
  return {
    ...below(`file://${folder}`, {}),
    servers: [],
    disk: disk.isSmall ? disk : undefined,
    async close() {
      disk.empty()
      disk.close()
    },
  }
}

async function s3Storage(): Promise<CheckpointStorage> {
  installed(minioMissing())
  const { configuration, bucket, server, stop } = await startMinio()
  return { ...below(`s3://${bucket}`, configuration), servers: [server], close: stop, ...NO_DISK }
}

async function hdfsStorage(): Promise<CheckpointStorage> {
  installed(hadoopMissing())
  const { httpAddress, rpcAddress, servers, stop } = await startHdfs()
  const configuration = { 'webhdfs.namenodes': httpAddress }
  return { ...below(`hdfs://${rpcAddress}`, configuration), servers, close: stop, ...NO_DISK }
}

const NO_DISK = { disk: undefined }

function below(base: string, configuration: Readonly<Record<string, string>>) {
  return {
    checkpoints: `${base}/checkpoints`,
    savepoints: `${base}/savepoints`,
    configuration,
    fileSystem: fileSystemsOf(configuration).forPath(base),
  }
}

function installed(missing: string | undefined): void {
  if (missing !== undefined) throw new Error(missing)
}
