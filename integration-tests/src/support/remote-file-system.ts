import assert from 'node:assert/strict'
import { posix } from 'node:path'
import {
  Configuration,
  createFileSystems,
  type FileSystems,
  SystemClock,
  SystemRandom,
  Types,
} from '@flink-ts/core'
import { fileSystemContract } from '@flink-ts/core/testing'
import { FileSystemCheckpointStorage, newHandles, StateStreams } from '@flink-ts/state'
import { describeSavepoint, SavepointReader, SavepointWriter } from '@flink-ts/state-tools'
import type { Test } from 'tap'
import { program, TestCluster } from './test-cluster.js'
import { until } from './until.js'

const JOB = '0123456789abcdef0123456789abcdef'

/** The file systems of a process with this configuration; packages are loaded as there. */
export function fileSystemsOf(configuration: Readonly<Record<string, string>>): FileSystems {
  return createFileSystems({
    configuration: Configuration.fromMap(configuration),
    clock: new SystemClock(),
    random: new SystemRandom(),
  })
}

/** What every file system promises, below `base`. */
export async function testFileSystem(
  t: Test,
  fileSystems: FileSystems,
  options: { base: string; hasEmptyFolders: boolean; canKeep: boolean },
): Promise<void> {
  for (const [index, { promise, run }] of fileSystemContract.entries()) {
    const base = `${options.base}/contract-${index}`
    await t.test(promise, () => run({ ...options, fileSystem: fileSystems.forPath(base), base }))
  }
}

/** Checkpoints and savepoints below `base`, as the coordinator and tasks make them. */
export async function testCheckpoints(
  t: Test,
  fileSystems: FileSystems,
  base: string,
): Promise<void> {
  const storage = () =>
    new FileSystemCheckpointStorage({
      fileSystems,
      random: new SystemRandom(),
      jobId: JOB,
      directory: `${base}/checkpoints`,
    })
  const metadataOf = (checkpointId: bigint, subtasks: Parameters<typeof Map.prototype.set>[1]) => ({
    jobId: JOB,
    checkpointId,
    timestampMs: 17,
    kind: 'CHECKPOINT' as const,
    operators: [
      {
        operatorId: 'c'.repeat(32),
        operatorName: 'count',
        parallelism: 1,
        maxParallelism: 128,
        subtasks,
      },
    ],
  })

  await t.test('a checkpoint is there from the moment when its metadata is', async (t) => {
    const location = await storage().initializeCheckpoint(1n)
    const streams = new StateStreams({
      fileSystems,
      random: new SystemRandom(),
      location,
      inlineThresholdBytes: 1024,
    })
    const stream = streams.open('exclusive')
    const content = Buffer.alloc(300_000, 'state ')
    for (let at = 0; at < content.length; at += 64 * 1024) {
      await stream.write(content.subarray(at, at + 64 * 1024))
    }
    const snapshot = await stream.finish()
    t.equal(snapshot.kind, 'file')
    await t.rejects(storage().open(location.directory), { code: 'FLINK_CHECKPOINT_NOT_FOUND' })
    const keyed = { keyGroups: { start: 0, end: 127 }, snapshot }
    await storage().complete(location, metadataOf(1n, new Map([[0, { keyed }]])))
    const { metadata } = await storage().open(`${location.directory}/_metadata`)
    const [handle] = newHandles(metadata.operators[0]!.subtasks.get(0)!)
    t.strictSame(handle, snapshot)
    t.equal(await storage().highestCheckpointId(), 1n)

    await t.rejects(storage().initializeCheckpoint(1n), { code: 'FLINK_CHECKPOINT_LOCATION_TAKEN' })
    await t.rejects(storage().complete(location, metadata), {
      code: 'FLINK_CHECKPOINT_LOCATION_TAKEN',
    })
    await storage().discard(location.directory)
    await storage().discard(location.directory)
    t.equal(await fileSystems.forPath(base).exists(location.directory), false)
  })

  await t.test('one of several leaders gets the folder of a checkpoint', async (t) => {
    const claims = [1, 2, 3].map(() => storage().initializeCheckpoint(2n))
    const results = await Promise.allSettled(claims)
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const result of results) {
      if (result.status === 'rejected') {
        t.equal(result.reason.code, 'FLINK_CHECKPOINT_LOCATION_TAKEN')
      }
    }
  })

  await t.test('an aborted file of state leaves nothing', async (t) => {
    const location = await storage().initializeSavepoint(`${base}/savepoints`)
    const streams = new StateStreams({ fileSystems, random: new SystemRandom(), location })
    const stream = streams.open('shared')
    await stream.write(Buffer.alloc(100_000))
    await stream.abort()
    const names = (await fileSystems.forPath(base).list(location.directory)).map(({ path }) => path)
    t.strictSame(names, [`${location.directory}/_owner`])
  })

  await t.test('state tools write and read savepoints', async (t) => {
    const path = `${base}/savepoint`
    await SavepointWriter.create({ fileSystems, inlineThresholdBytes: 0 })
      .withOperator({
        uid: 'counts',
        parallelism: 2,
        keyed: {
          states: [{ name: 'count', kind: 'value', type: Types.int }],
          records: Array.from({ length: 5000 }, (_, i) => ({
            state: 'count',
            key: `key ${i}`,
            value: i,
          })),
        },
      })
      .write(path)
    const reader = await SavepointReader.open(path, { fileSystems })
    t.equal((await reader.readKey('counts', 'count', 'key 4711'))?.value, 4711)
    const [operator] = await describeSavepoint(reader)
    assert(operator !== undefined)
    t.match(operator.states, [{ name: 'count', keys: 5000 }])
  })
}

const NUMBERS = 600
const DIGITS = 10
const ADDED = 1_000_000

/**
 * A job of real processes with checkpoints, savepoints, input and output below `base`: it is stopped, its savepoint is looked into
 * and changed, and it goes on from there.
 */
export async function testProcesses(
  t: Test,
  configuration: Readonly<Record<string, string>>,
  base: string,
): Promise<void> {
  const fileSystems = fileSystemsOf(configuration)
  const cluster = await TestCluster.start(t, {
    taskManagers: 1,
    slots: 2,
    configuration: {
      ...configuration,
      'execution.checkpointing.interval': '500 ms',
      'execution.checkpointing.dir': `${base}/checkpoints`,
      // All state into files.
      'execution.checkpointing.data-inline-threshold': '0',
    },
  })
  const counting = (rate: number) => [
    ...['-p', '2', program('counts-per-key.ts'), '--numbers', String(NUMBERS)],
    ...['--rate', String(rate), '--output', `${base}/output`],
  ]
  const jobId = await cluster.submit(...counting(8))
  await cluster.untilStatus(jobId, 'RUNNING')
  await until('two checkpoints are complete', async () => {
    return (await cluster.rest.checkpoints(jobId)).counts.completed >= 2
  })
  const stop = await cluster.flink('stop', '-p', `${base}/savepoints`, jobId)
  t.equal(stop.code, 0, `flink stop: ${stop.stderr}`)
  const savepoint = /(?:Path: |stored in )(\S+?)\.?\n/.exec(stop.stdout)![1]!
  t.ok(savepoint.startsWith(`${base}/savepoints/savepoint-`))

  const list = await cluster.flink('state', 'ls', savepoint)
  t.match(list, { code: 0, stderr: '' })
  t.match(list.stdout, /^Savepoint /)
  const reader = await SavepointReader.open(savepoint, { fileSystems })
  const [state] = (await reader.keyedStates('counts'))!.states
  const three = await cluster.flink('state', 'show', savepoint, '-o', 'counts', '-k', '3')
  const { value } = JSON.parse(three.stdout)
  t.match(value, { digit: 3 })
  t.ok(value.count > 0 && value.count < NUMBERS / DIGITS)

  await SavepointWriter.from(reader, { fileSystems })
    .transformOperator('counts', {
      keyed: (record) => {
        if (record.state !== state!.name) return record
        const { digit, count } = record.value as { digit: number; count: number }
        return { ...record, value: { digit, count: count + ADDED } }
      },
    })
    .write(`${base}/changed`)
  const again = await cluster.flink('run', '-s', `${base}/changed`, ...counting(10_000))
  t.match(again, { code: 0, stderr: /FINISHED/ })
  // The sink goes on with the files that its state names.
  const lines = await linesBelow(fileSystems, `${base}/output`)
  const counts = lines.map((line) => line.split(' ').map(Number) as [number, number])
  t.ok(counts.some(([, count]) => count > ADDED))
  t.strictSame(
    counts.map(([digit, count]) => `${digit} ${count % ADDED}`).sort(),
    Array.from({ length: NUMBERS }, (_, n) => `${n % DIGITS} ${1 + Math.floor(n / DIGITS)}`).sort(),
  )
}

/** Of visible files; those of the savepoint stay beside them, hidden. */
async function linesBelow(fileSystems: FileSystems, path: string): Promise<string[]> {
  const files = fileSystems.forPath(path)
  const lines: string[] = []
  for (const status of await files.list(path)) {
    if (status.isDirectory) lines.push(...(await linesBelow(fileSystems, status.path)))
    else if (!posix.basename(status.path).startsWith('.')) {
      const bytes = Buffer.alloc(Number(status.lengthBytes))
      const stream = await files.open(status.path)
      for (let at = 0; at < bytes.length; ) at += await stream.read(bytes.subarray(at), at)
      await stream.close()
      lines.push(...bytes.toString().split('\n').slice(0, -1))
    }
  }
  return lines
}
