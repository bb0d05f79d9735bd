import { FileSystemRegistry, InMemoryFileSystem, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type CheckpointLocation,
  CheckpointLocationTakenError,
  type CheckpointMetadata,
  CheckpointNotFoundError,
  discardStateHandle,
  FileSystemCheckpointStorage,
  newHandles,
  type OperatorSubtaskState,
  openStateHandle,
  SharedStateMissingError,
  SharedStateRegistry,
  SnapshotCorruptError,
  type StateHandle,
  StateStreams,
} from '@flink-ts/state'
import t from 'tap'
import { type Fault, FaultyFileSystem, InjectedFaultError } from './faulty-file-system.js'

const JOB = '0123456789abcdef0123456789abcdef'
const OPERATOR = 'c'.repeat(32)

function memory(): InMemoryFileSystem {
  return new InMemoryFileSystem({
    clock: new ManualClock(1),
    random: new SeededRandom(1),
    scheme: 'file',
  })
}

function world(inner = memory(), fault?: Fault) {
  const files = new FaultyFileSystem(inner, fault)
  const fileSystems = new FileSystemRegistry([files])
  const random = new SeededRandom(inner === undefined ? 1 : 2)
  const storage = new FileSystemCheckpointStorage({
    fileSystems,
    random,
    jobId: JOB,
    directory: '/cp/',
  })
  return { inner, files, fileSystems, random, storage }
}

type World = ReturnType<typeof world>

async function writeState(
  { fileSystems, random }: World,
  location: CheckpointLocation,
  content: string,
  scope: 'exclusive' | 'shared' = 'exclusive',
): Promise<StateHandle> {
  const streams = new StateStreams({ fileSystems, random, location, inlineThresholdBytes: 16 })
  const stream = streams.open(scope)
  for (let at = 0; at < content.length; at += 8) {
    await stream.write(Buffer.from(content.slice(at, at + 8)))
  }
  return stream.finish()
}

async function readState({ fileSystems }: World, handle: StateHandle): Promise<string> {
  const source = await openStateHandle(fileSystems, handle)
  try {
    const bytes = Buffer.alloc(source.sizeBytes)
    let done = 0
    while (done < bytes.length) done += await source.read(bytes.subarray(done), done)
    return bytes.toString()
  } finally {
    await source.close()
  }
}

function metadataOf(
  checkpointId: bigint,
  subtask: OperatorSubtaskState,
  kind: CheckpointMetadata['kind'] = 'CHECKPOINT',
): CheckpointMetadata {
  return {
    jobId: JOB,
    checkpointId,
    timestampMs: 17,
    kind,
    operators: [
      {
        operatorId: OPERATOR,
        operatorName: 'count',
        parallelism: 2,
        maxParallelism: 128,
        coordinatorState: Buffer.from('enumerator'),
        subtasks: new Map([[1, subtask]]),
      },
    ],
  }
}

const keyGroups = { start: 64, end: 127 }
const keyedState = (snapshot: StateHandle): OperatorSubtaskState => ({
  keyed: { keyGroups, snapshot },
})

/** A large and a small state of one subtask. */
async function takeCheckpoint(w: World, checkpointId: bigint): Promise<CheckpointLocation> {
  const location = await w.storage.initializeCheckpoint(checkpointId)
  const snapshot = await writeState(w, location, `keyed state of ${checkpointId}, a large one`)
  const small = await writeState(w, location, 'splits')
  await w.storage.complete(
    location,
    metadataOf(checkpointId, {
      ...keyedState(snapshot),
      operator: { snapshot: small, states: [{ name: 's', kind: 'splitList', elements: 1 }] },
    }),
  )
  return location
}

async function restore(w: World, directory: string): Promise<string[]> {
  const { metadata } = await w.storage.open(directory)
  const state = metadata.operators[0]!.subtasks.get(1)!
  return Promise.all(newHandles(state).map((handle) => readState(w, handle)))
}

t.test(
  'FileSystemCheckpointStorage: layout as Flink, small state inlined, all of it comes back',
  async (t) => {
    const w = world()
    const { directory } = await takeCheckpoint(w, 7n)
    t.equal(directory, `/cp/${JOB}/chk-7`)
    t.same(
      (await w.files.list(`/cp/${JOB}`)).map(({ path }) => path),
      [`/cp/${JOB}/chk-7`, `/cp/${JOB}/shared`, `/cp/${JOB}/taskowned`],
    )
    t.equal((await w.files.list(directory)).length, 3, 'owner, metadata and one file')
    t.same(await restore(w, `${directory}/_metadata`), ['keyed state of 7, a large one', 'splits'])
    const { metadata } = await w.storage.open(`${directory}/`)
    t.same([metadata.checkpointId, metadata.timestampMs, metadata.kind], [7n, 17, 'CHECKPOINT'])
    const operator = metadata.operators[0]!
    t.equal(Buffer.from(operator.coordinatorState!).toString(), 'enumerator')
    t.same(operator.subtasks.get(1)!.keyed!.keyGroups, keyGroups)
    t.equal(await w.storage.highestCheckpointId(), 7n)
  },
)

t.test(
  'FileSystemCheckpointStorage: a folder has one writer, a checkpoint is completed once',
  async (t) => {
    const w = world()
    const location = await takeCheckpoint(w, 3n)
    await t.rejects(w.storage.initializeCheckpoint(3n), CheckpointLocationTakenError)
    const again = metadataOf(3n, {})
    await t.rejects(w.storage.complete(location, again), CheckpointLocationTakenError)
    t.same(await restore(w, location.directory), ['keyed state of 3, a large one', 'splits'])
  },
)

t.test('FileSystemCheckpointStorage: a savepoint can be moved', async (t) => {
  const w = world()
  const location = await w.storage.initializeSavepoint('/savepoints')
  t.match(location.directory, /^\/savepoints\/savepoint-012345-[0-9a-f]{12}$/)
  const snapshot = await writeState(w, location, 'a state that is not inlined')
  await w.storage.complete(location, metadataOf(1n, keyedState(snapshot), 'SAVEPOINT'))
  await w.files.mkdirs('/elsewhere')
  await w.files.rename(location.directory, '/elsewhere/mine')
  t.same(await restore(w, '/elsewhere/mine'), ['a state that is not inlined'])
})

t.test('FileSystemCheckpointStorage.open: says what is missing or damaged', async (t) => {
  const w = world()
  await t.rejects(w.storage.open('/nowhere'), CheckpointNotFoundError)
  const { directory } = await w.storage.initializeCheckpoint(1n)
  await t.rejects(w.storage.open(directory), CheckpointNotFoundError)
  const done = await takeCheckpoint(w, 2n)
  const { metadata } = await w.storage.open(done.directory)
  const handle = metadata.operators[0]!.subtasks.get(1)!.keyed!.snapshot
  t.equal(handle.kind, 'file')
  const path = handle.kind === 'file' ? handle.path : ''
  await (await w.files.create(path, 'overwrite')).close()
  await t.rejects(openStateHandle(w.fileSystems, handle), SnapshotCorruptError)
  await (await w.files.create(`${done.directory}/_metadata`, 'overwrite')).close()
  await t.rejects(w.storage.open(done.directory), SnapshotCorruptError)
})

t.test('FileSystemCheckpointStorage.open: a handle cannot lead out of its folder', async (t) => {
  const { encodeMetadata, decodeMetadata, snapshotSourceOfBytes } = await import('@flink-ts/state')
  const path = '/cp/x/../../etc/passwd'
  const snapshot: StateHandle = { kind: 'file', path, sizeBytes: 1, checksum: 1 }
  const { bytes } = encodeMetadata(metadataOf(1n, keyedState(snapshot)), '/cp/x')
  const source = snapshotSourceOfBytes(bytes, 'x')
  await t.rejects(decodeMetadata(source, '/elsewhere'), SnapshotCorruptError)
})

t.test(
  'FileSystemCheckpointStorage: whatever fails, a checkpoint is restorable whole or not at all',
  async (t) => {
    const probe = world()
    await takeCheckpoint(probe, 1n)
    const operations = probe.files.operations
    t.ok(operations > 12)
    let runs = 0
    for (let at = 0; at < operations; at++) {
      for (const how of ['refused', 'cut', 'unheard'] as const) {
        for (const isCrash of [false, true]) {
          const w = world(memory(), { at, how, isCrash })
          const told = await takeCheckpoint(w, 1n).then(
            () => true,
            (error: unknown) => {
              const isInjected =
                error instanceof InjectedFaultError || error instanceof AggregateError
              if (!isInjected) throw error
              return false
            },
          )
          const after = world(w.inner)
          const found = await restore(after, `/cp/${JOB}/chk-1`).catch((error: unknown) => {
            if (!(error instanceof CheckpointNotFoundError)) throw error
            return undefined
          })
          if (found !== undefined) t.same(found, ['keyed state of 1, a large one', 'splits'])
          // Nobody was told that it is complete: it may be there only if nobody could remove it.
          t.notOk(found !== undefined && !told && !isCrash, `fault ${at} ${how}`)
          t.notOk(told && found === undefined)
          await after.storage.discard(`/cp/${JOB}/chk-1`)
          const isShared = await after.files.exists(`/cp/${JOB}/shared`)
          if (isShared) t.same(await after.files.list(`/cp/${JOB}/shared`), [])
          t.notOk(await after.files.exists(`/cp/${JOB}/chk-1`), 'what is left can be removed')
          runs++
        }
      }
    }
    t.equal(runs, operations * 6)
  },
)

t.test(
  'FileSystemCheckpointStorage.discard: a removal that breaks off leaves nothing restorable',
  async (t) => {
    const probe = world()
    const { directory } = await takeCheckpoint(probe, 1n)
    const before = probe.files.operations
    await probe.storage.discard(directory)
    for (let at = 0; at < probe.files.operations - before; at++) {
      for (const how of ['cut', 'unheard'] as const) {
        const inner = memory()
        await takeCheckpoint(world(inner), 1n)
        const w = world(inner, { at, how, isCrash: true })
        await t.rejects(w.storage.discard(directory), InjectedFaultError)
        const after = world(inner)
        const found = await restore(after, directory).catch((error: unknown) => error)
        const isWhole = Array.isArray(found) && found.length === 2
        t.ok(isWhole || found instanceof CheckpointNotFoundError, `${at} ${how}: ${found}`)
        await after.storage.discard(directory)
        t.notOk(await after.files.exists(directory))
      }
    }
  },
)

t.test('StateOutputStream: what is given up leaves no file', async (t) => {
  const w = world()
  const location = await w.storage.initializeCheckpoint(1n)
  const streams = new StateStreams({ ...w, location, inlineThresholdBytes: 4 })
  const stream = streams.open('exclusive')
  await stream.write(Buffer.from('more than four'))
  t.equal((await w.files.list(location.directory)).length, 2)
  await stream.abort()
  await stream.abort()
  t.equal((await w.files.list(location.directory)).length, 1)
  const empty = await streams.open('exclusive').finish()
  t.match(empty, { kind: 'inline', sizeBytes: 0, checksum: 0 })
  const shared = await writeState(w, location, 'x', 'shared')
  t.match(shared, { kind: 'file', sizeBytes: 1 })
  await discardStateHandle(w.fileSystems, shared)
  await discardStateHandle(w.fileSystems, shared)
  t.same(await w.files.list(location.sharedDirectory), [])
})

t.test('StateOutputStream: takes the checksum of all bytes from who knows it', async (t) => {
  const w = world()
  const location = await w.storage.initializeCheckpoint(1n)
  const streams = new StateStreams({ ...w, location, inlineThresholdBytes: 4 })
  const content = 'more than four'
  const given = async (digest?: { sizeBytes: number; checksum: number }) => {
    const stream = streams.open('exclusive', { digest: 'given' })
    await stream.write(Buffer.from(content))
    try {
      return await stream.finish(digest)
    } finally {
      await stream.abort()
    }
  }
  const handle = await given({ sizeBytes: content.length, checksum: 7 })
  t.match(handle, { kind: 'file', sizeBytes: content.length, checksum: 7 })
  await discardStateHandle(w.fileSystems, handle)
  await t.rejects(given(), /the digest comes from where it was said/)
  await t.rejects(given({ sizeBytes: 3, checksum: 7 }), /all bytes are in the stream/)
  t.equal((await w.files.list(location.directory)).length, 1, 'those left no file')
})

const file = (path: string): StateHandle => ({ kind: 'file', path, sizeBytes: 10, checksum: 1 })
const withShared = (
  checkpointId: bigint,
  shared: readonly { key: string; handle?: StateHandle }[],
): CheckpointMetadata =>
  metadataOf(checkpointId, { keyed: { keyGroups, snapshot: file(`/own/${checkpointId}`), shared } })

t.test('SharedStateRegistry: a file lives as long as a checkpoint that uses it', async (t) => {
  const discarded: string[] = []
  const registry = new SharedStateRegistry(
    (handle) => void discarded.push((handle as { path: string }).path),
  )
  registry.register(
    withShared(1n, [
      { key: 'a', handle: file('/a1') },
      { key: 'b', handle: file('/b1') },
    ]),
  )
  const second = registry.register(
    withShared(2n, [{ key: 'a' }, { key: 'c', handle: file('/c2') }]),
  )
  t.same(second.operators[0]!.subtasks.get(1)!.keyed!.shared, [
    { key: 'a', handle: file('/a1') },
    { key: 'c', handle: file('/c2') },
  ])
  t.equal(registry.sizeBytesOf('a'), 10)
  registry.release(1n)
  registry.release(1n)
  t.same(discarded, ['/b1'])
  registry.register(withShared(3n, [{ key: 'a', handle: file('/a3') }]))
  t.same(discarded, ['/b1', '/a3'], 'a second upload of the same')
  registry.release(3n)
  t.same(discarded, ['/b1', '/a3'])
  registry.release(2n)
  t.same(discarded, ['/b1', '/a3', '/a1', '/c2'])
  t.equal(registry.size, 0)
})

t.test(
  'SharedStateRegistry: a missing file refuses the checkpoint and changes nothing',
  async (t) => {
    const registry = new SharedStateRegistry(() => t.fail('nothing is removed'))
    t.throws(
      () => registry.register(withShared(1n, [{ key: 'x', handle: file('/x') }, { key: 'gone' }])),
      SharedStateMissingError,
    )
    t.equal(registry.size, 0)
    registry.register(withShared(2n, [{ key: 'x', handle: file('/x') }]), { isOwned: false })
    registry.release(2n)
    t.equal(registry.size, 0, 'what belongs to somebody else is forgotten, not removed')
  },
)
