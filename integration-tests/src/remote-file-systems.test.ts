import {
  Configuration,
  createFileSystems,
  type FileSystems,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import { fileSystemContract } from '@flink-ts/core/testing'
import t, { type Test } from 'tap'
import { minioMissing, startMinio } from './clusters/minio.js'

function fileSystemsOf(configuration: Readonly<Record<string, string>>): FileSystems {
  return createFileSystems({
    configuration: Configuration.fromMap(configuration),
    clock: new SystemClock(),
    random: new SystemRandom(),
  })
}

async function contract(
  t: Test,
  fileSystems: FileSystems,
  options: { base: string; hasEmptyFolders: boolean },
): Promise<void> {
  for (const [index, { promise, run }] of fileSystemContract.entries()) {
    const base = `${options.base}/contract-${index}`
    await t.test(promise, () => run({ ...options, fileSystem: fileSystems.forPath(base), base }))
  }
}

const s3Missing = minioMissing()
t.test('s3: a real server', { skip: s3Missing ?? false, timeout: 120_000 }, async (t) => {
  const minio = await startMinio()
  t.teardown(() => minio.stop())
  const fileSystems = fileSystemsOf({ ...minio.configuration, 's3.upload.part-size': '5 mb' })
  await contract(t, fileSystems, { base: `s3://${minio.bucket}`, hasEmptyFolders: false })
})
