import type { S3Client } from '@aws-sdk/client-s3'
import { Configuration, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { createFileSystem } from '@flink-ts/filesystem-s3'
import t from 'tap'
import { PartUploader } from '../dist/part-uploader.js'
import { s3LocationOf } from '../dist/s3-location.js'
import { S3Objects } from '../dist/s3-objects.js'
import { S3ResumableWriter } from '../dist/s3-resumable-writer.js'

interface Command {
  readonly constructor: { readonly name: string }
  readonly input: Readonly<Record<string, unknown>>
}

/** A client that answers from a table of functions by the name of the command. */
function objectsOf(answers: Readonly<Record<string, (input: Command['input']) => unknown>>) {
  const sent: string[] = []
  const client = {
    async send({ constructor: { name }, input }: Command) {
      sent.push(name)
      const answer = answers[name]
      if (answer === undefined) throw new Error(`${name} was not expected`)
      return answer(input)
    },
  }
  return { objects: new S3Objects(client as unknown as S3Client), sent }
}

function failure(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('said the server'), { name, $metadata: { httpStatusCode } })
}

const location = s3LocationOf('s3://bucket/a/b')
const options = { writer: 'me', exclusive: true }

t.test(
  's3LocationOf takes bucket and key apart, and refuses a path without a bucket',
  async (t) => {
    t.strictSame(s3LocationOf('s3://b/x//y/../z/'), { bucket: 'b', key: 'x/z', path: 's3://b/x/z' })
    t.strictSame(s3LocationOf('s3://b'), { bucket: 'b', key: '', path: 's3://b' })
    for (const path of ['s3:///x', '/x', 'hdfs://b/x']) {
      t.throws(() => s3LocationOf(path), { code: 'FLINK_FILE_SYSTEM' })
    }
  },
)

t.test('S3Objects.put that was answered once and sent twice has succeeded', async (t) => {
  const { objects, sent } = objectsOf({
    PutObjectCommand: ({ IfNoneMatch }) => {
      t.equal(IfNoneMatch, '*')
      throw failure('PreconditionFailed', 412)
    },
    HeadObjectCommand: () => ({ ContentLength: 1, Metadata: { 'flink-ts-writer': 'me' } }),
  })
  await objects.put(location, Buffer.from('x'), options)
  t.strictSame(sent, ['PutObjectCommand', 'HeadObjectCommand'])
})

t.test("S3Objects.put fails with FLINK_FILE_EXISTS for another one's object", async (t) => {
  const { objects } = objectsOf({
    PutObjectCommand: () => {
      throw failure('PreconditionFailed', 412)
    },
    HeadObjectCommand: () => ({ Metadata: { 'flink-ts-writer': 'somebody' } }),
  })
  await t.rejects(objects.put(location, Buffer.from('x'), options), { code: 'FLINK_FILE_EXISTS' })
})

t.test('S3Objects.put is sent again when two conditions met, with a limit', async (t) => {
  let attempts = 0
  const conflict = (until: number) =>
    objectsOf({
      PutObjectCommand: () => {
        if (++attempts <= until) throw failure('ConditionalRequestConflict', 409)
        return {}
      },
    })
  await conflict(2).objects.put(location, Buffer.from('x'), options)
  t.equal(attempts, 3)
  attempts = 0
  const { objects } = conflict(100)
  await t.rejects(objects.put(location, Buffer.from('x'), options), { code: 'FLINK_FILE_SYSTEM' })
  t.equal(attempts, 5)
})

t.test(
  'S3Objects.completeUpload of an upload that is gone has succeeded if the object is its own',
  async (t) => {
    const answers = (writer: string) => ({
      CompleteMultipartUploadCommand: () => {
        throw failure('NoSuchUpload', 404)
      },
      HeadObjectCommand: () => ({ Metadata: { 'flink-ts-writer': writer } }),
    })
    await objectsOf(answers('me')).objects.completeUpload(location, 'id', [], options)
    await t.rejects(
      objectsOf(answers('other')).objects.completeUpload(location, 'id', [], options),
      {
        code: 'FLINK_FILE_NOT_FOUND',
      },
    )
  },
)

t.test('S3Objects.list and deleteBelow go through all pages', async (t) => {
  const pages = [
    { Contents: [{ Key: 'a/1' }, { Key: 'a/2' }], NextContinuationToken: 'p2' },
    { Contents: [{ Key: 'a/3' }] },
  ]
  const deleted: unknown[] = []
  const { objects } = objectsOf({
    ListObjectsV2Command: ({ ContinuationToken }) => pages[ContinuationToken === 'p2' ? 1 : 0],
    DeleteObjectsCommand: ({ Delete }) => {
      deleted.push(...(Delete as { Objects: unknown[] }).Objects)
      return {}
    },
  })
  await objects.deleteBelow(location, 'a/')
  t.strictSame(deleted, [{ Key: 'a/1' }, { Key: 'a/2' }, { Key: 'a/3' }])
})

t.test('S3Objects.deleteBelow says which object cannot be deleted', async (t) => {
  const { objects } = objectsOf({
    ListObjectsV2Command: () => ({ Contents: [{ Key: 'a/1' }] }),
    DeleteObjectsCommand: () => ({ Errors: [{ Key: 'a/1', Code: 'AccessDenied', Message: 'no' }] }),
  })
  await t.rejects(objects.deleteBelow(location, 'a/'), { message: /a\/1: AccessDenied: no/ })
})

t.test(
  'PartUploader cuts parts of one size, in order, and answers a failure at the next call',
  async (t) => {
    const sizes: number[] = []
    const { objects } = objectsOf({
      UploadPartCommand: ({ PartNumber, Body }) => {
        sizes.push((Body as Uint8Array).length)
        if (PartNumber === 4) throw failure('InternalError', 500)
        return { ETag: `e${PartNumber}` }
      },
    })
    const parts = new PartUploader({
      objects,
      location,
      partSizeBytes: 10,
      begin: async () => 'upload',
    })
    await parts.write(Buffer.alloc(25))
    t.equal(parts.positionBytes, 25)
    t.equal(parts.held().length, 5)
    t.strictSame(await parts.uploaded(), [
      { number: 1, etag: 'e1', sizeBytes: 10 },
      { number: 2, etag: 'e2', sizeBytes: 10 },
    ])
    await parts.write(Buffer.alloc(6))
    t.equal((await parts.uploaded()).length, 3)
    await parts.write(Buffer.alloc(9))
    await t.rejects(parts.finish(), { message: /InternalError/ })
    await t.rejects(parts.write(Buffer.alloc(1)), { message: /InternalError/ })
    t.strictSame(sizes, [10, 10, 10, 10])
  },
)

t.test(
  'S3ResumableWriter.recover leaves numbers of parts to a writer that does not know that it was given up',
  async (t) => {
    const numbers: number[] = []
    const { objects } = objectsOf({
      ListPartsCommand: () => ({ Parts: [{ PartNumber: 3, ETag: 'e3', Size: 10 }] }),
      UploadPartCommand: ({ PartNumber }) => {
        numbers.push(PartNumber as number)
        return { ETag: 'e' }
      },
      CompleteMultipartUploadCommand: ({ MultipartUpload }) => {
        const { Parts } = MultipartUpload as { Parts: { PartNumber: number }[] }
        t.strictSame(
          Parts.map(({ PartNumber }) => PartNumber),
          [3, ...numbers],
        )
        return {}
      },
      AbortMultipartUploadCommand: () => {
        throw failure('NoSuchUpload', 404)
      },
      ListObjectsV2Command: () => ({}),
    })
    const random = new SeededRandom(1)
    const writer = new S3ResumableWriter(objects, { random, partSizeBytes: 10 })
    const state = {
      target: 's3://bucket/a',
      uploadId: 'upload',
      writer: 'me',
      parts: [{ number: 3, etag: 'e3', sizeBytes: 10 }],
      tail: null,
      positionBytes: 10,
    }
    const stream = await writer.recover(state)
    t.equal(stream.positionBytes, 10n)
    await stream.write(Buffer.alloc(25))
    await writer.commit(await stream.closeForCommit())
    const [first] = numbers
    t.ok(first! >= 53 && first! < 103, `${first}`)
    t.strictSame(numbers, [first, first! + 1, first! + 2])
    const other = { ...state, parts: [{ number: 3, etag: 'another', sizeBytes: 10 }] }
    await t.rejects(writer.recover(other), {
      message: /part 3 of its upload is not what was persisted/,
    })
  },
)

t.test('createFileSystem refuses an access key without its secret', async (t) => {
  const create = (entries: Record<string, string>) =>
    createFileSystem({
      scheme: 's3',
      configuration: Configuration.fromMap(entries),
      clock: new ManualClock(),
      random: new SeededRandom(1),
    })
  t.throws(() => create({ 's3.access-key': 'a' }), { message: /'s3.secret-key' is not/ })
  t.throws(() => create({ 's3.secret-key': 'a' }), { message: /'s3.access-key' is not/ })
  t.match(create({ 's3.endpoint': 'http://127.0.0.1:1' }), { scheme: 's3' })
})
