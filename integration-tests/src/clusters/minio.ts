import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../support/free-port.js'
import { clusterFolder } from './cluster-folder.js'
import { type ExternalServer, ServerProcess } from './server-process.js'

/** Of the Go module proxy; it is not released in binary form. */
const VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c'
const ACCESS_KEY = 'flink-ts-test'
const SECRET_KEY = 'flink-ts-test-secret'

const program = () => join(clusterFolder(`minio-${VERSION}`), 'minio')

/** Builds MinIO, a server that speaks the protocol of S3; takes minutes. @throws Error without Go */
export function installMinio(): void {
  if (existsSync(program())) return
  const folder = clusterFolder(`minio-${VERSION}`)
  const work = mkdtempSync(`${folder}-`)
  try {
    const { status, error } = spawnSync(
      'go',
      ['install', '-trimpath', '-ldflags=-s -w', `github.com/minio/minio@${VERSION}`],
      {
        stdio: 'inherit',
        env: { ...process.env, GOBIN: work, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
      },
    )
    if (status !== 0)
      throw new Error(`Cannot build MinIO: ${error?.message ?? `go ended with ${status}`}`)
    renameSync(work, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Why there is no MinIO here; undefined if there is. */
export function minioMissing(): string | undefined {
  if (existsSync(program())) return undefined
  return 'MinIO (S3) is not installed: node integration-tests/dist-test/clusters/install.js s3'
}

export interface Minio {
  /** Of the file system's configuration. */
  readonly configuration: Readonly<Record<string, string>>
  readonly bucket: string
  readonly server: ExternalServer
  stop(): Promise<void>
}

/** Starts a server with one empty bucket. */
export async function startMinio(): Promise<Minio> {
  const folder = mkdtempSync(join(tmpdir(), 'flink-ts-minio-'))
  const bucket = 'flink-ts'
  // A folder in its data is a bucket.
  mkdirSync(join(folder, 'data', bucket), { recursive: true })
  const [port] = await freePorts(1)
  const endpoint = `http://127.0.0.1:${port}`
  const server = new ServerProcess(
    [program(), 'server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder, 'data')],
    {
      folder,
      log: join(folder, 'minio.log'),
      environment: {
        MINIO_ROOT_USER: ACCESS_KEY,
        MINIO_ROOT_PASSWORD: SECRET_KEY,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_CALLHOME_ENABLE: 'off',
      },
    },
  )
  const isReady = async () => (await fetch(`${endpoint}/minio/health/ready`)).ok
  await server.ready(isReady)
  return {
    configuration: {
      's3.endpoint': endpoint,
      's3.access-key': ACCESS_KEY,
      's3.secret-key': SECRET_KEY,
      's3.path.style.access': 'true',
    },
    bucket,
    server: server.asExternalServer('MinIO', isReady),
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
