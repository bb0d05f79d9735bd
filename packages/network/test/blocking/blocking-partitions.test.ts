import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type BlockingPartitionHandle,
  InProcessDataTransport,
  inlineNetworkIo,
  ShuffleEnvironment,
  type ShuffleLimits,
} from '@flink-ts/network'
import fc from 'fast-check'
import t from 'tap'
import { TestConsumer, TestProducer, Turns } from '../exchange/inline-exchange.js'
import { selectors } from '../exchange/test-selectors.js'
import { testRecord } from '../exchange/test-serializer.js'

type Lz4 = {
  lz4Compress(source: Uint8Array, target: Uint8Array): number
  lz4Decompress(source: Uint8Array, target: Uint8Array): void
}
// Not exported by the package.
const { lz4Compress, lz4Decompress } = (await import(
  new URL('../../dist/blocking/lz4-block.js', import.meta.url).href
)) as Lz4

const tmp = await mkdtemp(join(tmpdir(), 'blocking-test-'))
t.teardown(() => rmSync(tmp, { recursive: true, force: true }))

async function cluster(options: { segmentBytes?: number; limits?: ShuffleLimits } = {}) {
  const turns = new Turns()
  const clock = new ManualClock()
  const transport = new InProcessDataTransport({ deliver: turns.defer })
  const start = (resourceId: string) =>
    ShuffleEnvironment.start({
      resourceId,
      host: 'sim',
      numberOfSegments: 64,
      segmentBytes: options.segmentBytes ?? 512,
      clock,
      log: noopLogger,
      defer: turns.defer,
      tmpDirs: [tmp],
      ...(options.limits !== undefined && { limits: options.limits }),
      io: inlineNetworkIo({ transport, bindHost: 'sim', port: 0 }),
    })
  const a = await start('tm-a')
  const b = await start('tm-b')
  const settle = async () => {
    for (let i = 0; i < 30; i++) {
      turns.run()
      await new Promise(setImmediate)
    }
  }
  let gates = 0
  const read = (env: ShuffleEnvironment, partitionId: string, subpartition: number) => {
    const handle = env.createInputGate({
      gateId: `g${gates++}`,
      consumedSubpartitions: { first: subpartition, last: subpartition },
      producers: [{ partitionId, location: a.location }],
    })
    return new TestConsumer(handle, env.context, { defer: turns.defer })
  }
  const write = (selector: string, consumers: number, sizes: readonly number[]) => {
    const handle = a.createResultPartition({
      partitionId: 'p',
      numberOfSubpartitions: consumers,
      partitioner: selector as 'HASH',
      type: 'blocking',
    }) as BlockingPartitionHandle
    const producer = new TestProducer(handle, a.context, {
      records: sizes.map((size, i) => testRecord(0, i, size)),
      selector: selectors[selector]!(consumers, new SeededRandom(1)),
      defer: turns.defer,
    })
    turns.run()
    if (!producer.isDone) throw new Error('a blocking partition never holds its producer up')
    producer.partition.close()
    a.producerEnded('p')
    return handle
  }
  const close = async () => {
    await Promise.all([a.close(), b.close()])
    await settle()
  }
  return { a, b, settle, read, write, close }
}

t.test(
  'a blocking partition is read whole, in order, again and again, here and elsewhere',
  async (t) => {
    const model = fc.record({
      consumers: fc.integer({ min: 1, max: 5 }),
      selector: fc.constantFrom(...Object.keys(selectors)),
      segmentBytes: fc.constantFrom(512, 4096, 32768),
      sizes: fc.array(
        fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9000 })),
        {
          minLength: 1,
          maxLength: 60,
        },
      ),
      sortShuffleMinParallelism: fc.constantFrom(1, 100),
      batchShuffleCompression: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(model, async (m) => {
        const { a, b, settle, read, write, close } = await cluster({
          segmentBytes: m.segmentBytes,
          limits: m,
        })
        write(m.selector, m.consumers, m.sizes)
        if (a.poolUsage().usedSegments !== 0) throw new Error('the producer kept buffers')
        const readers = [a, b, a, b].map((env) =>
          Array.from({ length: m.consumers }, (_, index) => read(env, 'p', index)),
        )
        await settle()
        const expected = m.sizes.length * (m.selector === 'BROADCAST' ? m.consumers : 1)
        for (const consumers of readers) {
          for (const { error } of consumers) if (error !== undefined) throw error
          if (!consumers.every(({ isDone }) => isDone)) throw new Error('a reader did not end')
          const count = consumers.reduce((sum, consumer) => sum + consumer.count, 0)
          if (count !== expected) throw new Error(`${count} of ${expected} records`)
        }
        await close()
      }),
      { numRuns: 25 },
    )
    t.same(readdirSync(tmp), [], 'files go with their TaskManager')
  },
)

t.test(
  'files that are gone or damaged break the channel as an unknown partition does',
  async (t) => {
    const damages: Record<string, (folder: string) => void> = {
      'no files': (folder) => rmSync(folder, { recursive: true }),
      'no data': (folder) => rmSync(join(folder, '0.data')),
      'cut data': (folder) => truncateSync(join(folder, '0.data'), 100),
      'other data': (folder) => writeFileSync(join(folder, '0.data'), Buffer.alloc(10_000, 1)),
      'cut index': (folder) => truncateSync(join(folder, 'index'), 40),
    }
    for (const [name, damage] of Object.entries(damages)) {
      const { a, b, settle, read, write, close } = await cluster()
      damage(write('FORWARD', 1, [300, 300, 300]).folder)
      const readers = [read(a, 'p', 0), read(b, 'p', 0)]
      await settle()
      for (const { error } of readers) {
        t.match(
          error,
          { code: 'FLINK_PARTITION_NOT_FOUND', message: /partition p .*cannot be read/ },
          name,
        )
      }
      await close()
    }
  },
)

t.test('a blocking partition ends with its release, not with its reading', async (t) => {
  const { a, b, settle, read, write, close } = await cluster()
  const { folder } = write('HASH', 2, [10, 10, 10])
  t.same(readdirSync(folder).sort(), ['0.data', 'index'])
  a.releasePartitions(['p'])
  t.throws(() => readdirSync(folder), { code: 'ENOENT' })
  const late = read(b, 'p', 0)
  await settle()
  t.notOk(late.isDone)
  await close()
})

t.test('lz4Decompress undoes lz4Compress and refuses other bytes', async () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.constant(Buffer.from('word count ')))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.uint8Array(), (pieces, noise) => {
      const source = Buffer.concat(pieces)
      const target = Buffer.alloc(source.length)
      const length = lz4Compress(source, target)
      if (length === 0) return
      const back = Buffer.alloc(source.length)
      lz4Decompress(target.subarray(0, length), back)
      if (!back.equals(source)) throw new Error('changed')
      try {
        lz4Decompress(noise, back)
      } catch (error) {
        if ((error as { code?: string }).code !== 'FLINK_DATA_PROTOCOL') throw error
      }
    }),
  )
})

t.test(
  'ShuffleEnvironment.start removes the folders of processes that were killed, and no others',
  async (t) => {
    const dir = await mkdtemp(join(tmp, 'stale-'))
    const module = new URL('../../dist/blocking/shuffle-folders.js', import.meta.url).href
    const code = `
      const { createShuffleFolder } = await import(${JSON.stringify(module)})
      console.log(createShuffleFolder(${JSON.stringify(dir)}))
      setInterval(() => {}, 1e6)`
    const start = async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code])
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      return { child, folder: line.toString().trim() }
    }
    const [killed, living] = await Promise.all([start(), start()])
    writeFileSync(join(killed.folder, '0.data'), 'results')
    killed.child.kill('SIGKILL')
    await once(killed.child, 'exit')
    // Of another host, of an earlier process with the number of a living one, and of nobody knows whom.
    const [, space] = /shuffle-([0-9a-f]{8})-/.exec(living.folder)!
    const others = [
      `flink-netty-shuffle-00000000-${killed.child.pid}-1-abcdef`,
      'flink-netty-shuffle-abcdef',
      'something-else',
    ]
    const reused = `flink-netty-shuffle-${space}-${living.child.pid}-1-abcdef`
    for (const name of [...others, reused]) mkdirSync(join(dir, name))

    const lines: unknown[] = []
    const log = { ...noopLogger, info: (_: string, fields: unknown) => void lines.push(fields) }
    const env = await ShuffleEnvironment.start({
      resourceId: 'tm',
      host: 'sim',
      numberOfSegments: 8,
      clock: new ManualClock(),
      log: { ...log, child: () => noopLogger },
      defer: () => {},
      tmpDirs: [dir, join(dir, 'not-there')],
    })
    const left = readdirSync(dir).map((name) => join(dir, name))
    t.same(left.sort(), [...others.map((name) => join(dir, name)), living.folder].sort())
    t.equal(lines.length, 2)
    living.child.kill('SIGKILL')
    await env.close()
  },
)
