import t from 'tap'
import { minioMissing, startMinio } from './clusters/minio.js'
import {
  fileSystemsOf,
  testCheckpoints,
  testFileSystem,
  testProcesses,
} from './support/remote-file-system.js'

t.setTimeout(600_000)

t.test('s3: a real server', { skip: minioMissing() ?? false }, async (t) => {
  const minio = await startMinio()
  t.teardown(() => minio.stop())
  const { bucket, configuration } = minio
  const fileSystems = fileSystemsOf({ ...configuration, 's3.upload.part-size': '5 mb' })
  await testFileSystem(t, fileSystems, {
    base: `s3://${bucket}`,
    hasEmptyFolders: false,
    canKeep: false,
  })
  await testCheckpoints(t, fileSystems, `s3://${bucket}/job`)

  const files = fileSystems.forPath(`s3://${bucket}/`)
  await t.test('a bucket is a folder that is never deleted', async (t) => {
    t.match(await files.getFileStatus(`s3://${bucket}`), { isDirectory: true })
    await t.rejects(files.delete(`s3://${bucket}/`, { recursive: true }), {
      message: /whole bucket/,
    })
    const missing = 's3://no-such-bucket/a'
    await t.rejects(files.exists(missing), { code: 'FLINK_FILE_SYSTEM', message: /NoSuchBucket/ })
    await t.rejects(files.exists('s3:///a'), { message: /names no bucket/ })
  })

  await t.test('an object that is replaced while it is read fails the reader', async (t) => {
    const path = `s3://${bucket}/replaced`
    const write = async (letter: string) => {
      const stream = await files.create(path, 'overwrite')
      await stream.write(Buffer.alloc(200_000, letter))
      await stream.close()
    }
    await write('a')
    const input = await files.open(path)
    await input.read(new Uint8Array(10), 0)
    await write('b')
    await t.rejects(input.read(new Uint8Array(10), 150_000), { message: /was replaced while/ })
    await input.close()
  })

  await t.test('wrong credentials are told', async (t) => {
    const wrong = fileSystemsOf({ ...configuration, 's3.secret-key': 'wrong' })
    const path = `s3://${bucket}/a`
    await t.rejects(wrong.forPath(path).list(path), {
      code: 'FLINK_FILE_SYSTEM',
      message: /s3:\/\/flink-ts\/a failed: /,
    })
  })

  await t.test('real processes read and write files there', (t) =>
    testProcesses(t, configuration, `s3://${bucket}/processes`),
  )
})
