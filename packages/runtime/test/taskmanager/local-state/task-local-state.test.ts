import {
  FileSystemRegistry,
  InMemoryFileSystem,
  type LogFields,
  type Logger,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { openStateHandle, type StateHandle, StateStreams } from '@flink-ts/state'
import t from 'tap'
import type { TaskRestore } from '../../../dist/checkpoint/task-restore.js'
import { TaskLocalState } from '../../../dist/taskmanager/local-state/task-local-state.js'

const OF_JOB = 'memory:///local/jid_1'
const OWN = `${OF_JOB}/vtx_a_sti_0`
const REMOTE = 'memory:///cp/job'
const BYTES = Buffer.alloc(3000, 7)

function setUp(options: { own?: string; isRead?: boolean; isWritten?: boolean } = {}) {
  const { own = OWN, isRead = true, isWritten = true } = options
  const random = new SeededRandom(3)
  const files = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const fileSystems = new FileSystemRegistry([files])
  const warnings: LogFields[] = []
  const log: Logger = { ...noopLogger, warn: (_, fields) => void warnings.push(fields ?? {}) }
  const create = (restore?: TaskRestore, folder = own) =>
    new TaskLocalState({
      fileSystems,
      folders: { own: folder, ofJob: [OF_JOB], isWritten, isRead },
      log,
      restore,
      // As a link: the same content under another name.
      linkFile: async (source, target) => {
        const stream = await files.create(target, 'overwrite')
        await stream.write(await read(await files.open(source)))
        await stream.close()
      },
    })
  const store = async (local: TaskLocalState, checkpointId: bigint): Promise<StateHandle> => {
    const copies = local.copies(checkpointId)
    const location = { directory: `${REMOTE}/chk-${checkpointId}`, sharedDirectory: REMOTE }
    const streams = new StateStreams({ fileSystems, random, location, ...(copies && { copies }) })
    const stream = streams.open('exclusive')
    for (let part = 0; part < 10; part++) await stream.write(BYTES)
    return stream.finish()
  }
  const names = async (folder: string): Promise<string[]> => {
    if (!(await files.exists(folder))) return []
    return (await files.list(folder)).map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
  }
  return { files, fileSystems, warnings, create, store, names }
}

async function read(stream: {
  read(target: Uint8Array, at: number): Promise<number>
  close(): Promise<void>
}) {
  const target = Buffer.alloc(40_000)
  let length = 0
  for (let count = -1; count !== 0; length += count) {
    count = await stream.read(target.subarray(length), length)
  }
  await stream.close()
  return target.subarray(0, length)
}

function restoreOf(
  checkpointId: bigint,
  ...handles: { snapshot: StateHandle; shared?: { key: string; handle: StateHandle } }[]
): TaskRestore {
  const range = { start: 0, end: 127 }
  const keyed = handles.map(({ snapshot, shared }) => ({
    keyGroups: range,
    handle: { keyGroups: range, snapshot, ...(shared && { shared: [shared] }) },
  }))
  const operator = { keyed, operatorState: [], inFlight: [], finished: false }
  return { checkpointId, operators: new Map([['op', operator]]) }
}

t.test(
  'TaskLocalState answers what was stored, from the folder of whichever subtask',
  async (t) => {
    const { create, store, files, fileSystems } = setUp()
    const handle = await store(create(), 4n)
    const path = handle.kind === 'file' ? handle.path : ''
    t.ok(path.startsWith(`${REMOTE}/chk-4/`))
    const whole = await read(await openStateHandle(fileSystems, handle))
    await files.delete(path, { recursive: false })
    for (const own of [OWN, `${OF_JOB}/vtx_a_sti_1`]) {
      const opened = await create(restoreOf(4n, { snapshot: handle }), own).open(handle)
      t.ok(opened?.localPath?.startsWith(`${OWN}/chk_4/`), 'a copy of this TaskManager')
      t.same(await read(opened!), whole)
    }
  },
)

t.test('TaskLocalState answers nothing that is damaged, cut off or gone', async (t) => {
  const { create, store, files, warnings } = setUp()
  const handle = await store(create(), 4n)
  const [copy] = await files.list(`${OWN}/chk_4`)
  const whole = await read(await files.open(copy!.path))
  const put = async (bytes: Uint8Array) => {
    const stream = await files.create(copy!.path, 'overwrite')
    await stream.write(bytes)
    await stream.close()
  }
  const open = () => create(restoreOf(4n, { snapshot: handle })).open(handle)
  for (const at of [0, 15_000, whole.length - 1]) {
    const damaged = Buffer.from(whole)
    damaged[at] = damaged[at]! ^ 4
    await put(damaged)
    t.equal(await open(), undefined, `byte ${at} differs`)
    t.notOk(await files.exists(copy!.path), 'it is not kept')
  }
  await put(whole.subarray(0, 100))
  t.equal(await open(), undefined)
  t.equal(warnings.length, 4, 'each is told')
  t.equal(await open(), undefined, 'gone')
  await put(whole)
  const opened = await open()
  t.ok(opened, 'a whole one is used')
  await opened?.close()
})

t.test(
  'TaskLocalState keeps the newest completed checkpoint and those that may follow',
  async (t) => {
    const { create, store, names } = setUp()
    const local = create()
    for (const id of [1n, 2n, 3n]) await store(local, id)
    local.completed(2n)
    await local.close()
    t.strictSame(await names(OWN), ['chk_2', 'chk_3'])
    local.aborted(3n)
    await store(local, 4n)
    local.completed(2n)
    local.completed(9n)
    await local.close()
    t.strictSame(await names(OWN), ['chk_2', 'chk_4'], 'nothing is known of 9')
    const next = create(restoreOf(2n))
    next.completed(2n)
    await store(next, 5n)
    next.completed(5n)
    await next.close()
    t.strictSame(await names(OWN), ['chk_5'], 'what a former attempt left goes, too')
  },
)

t.test('TaskLocalState keeps shared files as long as a checkpoint needs them', async (t) => {
  const { create, files, names } = setUp()
  const table = async (name: string) => {
    const stream = await files.create(`memory:///tables/${name}`, 'overwrite')
    await stream.write(Buffer.from(name))
    await stream.close()
    return `memory:///tables/${name}`
  }
  const local = create()
  const one = local.copies(1n)!
  await one.keepShared('a', await table('a'))
  await one.keepShared('b', await table('b'))
  const two = local.copies(2n)!
  await two.keepShared('b', 'memory:///tables/gone')
  await two.keepShared('c', await table('c'))
  await two.keepShared('../out', await table('d'))
  t.strictSame(await names(`${OWN}/shared`), ['a', 'b', 'c'])
  local.completed(2n)
  await local.close()
  t.strictSame(await names(`${OWN}/shared`), ['b', 'c'])
  const handle: StateHandle = {
    kind: 'file',
    path: `${REMOTE}/shared/77`,
    sizeBytes: 1,
    checksum: 112844655,
  }
  const snapshot: StateHandle = { kind: 'inline', bytes: Buffer.of(1), sizeBytes: 1, checksum: 0 }
  const again = create(restoreOf(2n, { snapshot, shared: { key: 'c', handle } }))
  const opened = await again.open(handle)
  t.equal(opened?.localPath, `${OWN}/shared/c`)
  await opened?.close()
  t.equal(await again.open(snapshot), undefined, 'what is inlined is nowhere else')
})

t.test('TaskLocalState fails nobody when its files cannot be written', async (t) => {
  const { create, store, files, warnings, fileSystems, names } = setUp()
  const { create: createFile } = files
  files.create = async (path, mode) => {
    const stream = await createFile.call(files, path, mode)
    if (!path.includes('/local/')) return stream
    return {
      ...stream,
      write: async (bytes) => {
        await stream.write(bytes.subarray(0, 100))
        throw new Error('disk full')
      },
      sync: () => stream.sync(),
      close: () => stream.close(),
    }
  }
  const handle = await store(create(), 4n)
  t.equal((await read(await openStateHandle(fileSystems, handle))).length, 30_000)
  t.strictSame(await names(`${OWN}/chk_4`), [])
  t.match(warnings, [{ error: { message: 'disk full' } }])
})

t.test('TaskLocalState does one without the other', async (t) => {
  const writing = setUp({ isRead: false })
  const handle = await writing.store(writing.create(), 1n)
  t.equal((await writing.names(`${OWN}/chk_1`)).length, 1)
  t.equal(await writing.create(restoreOf(1n, { snapshot: handle })).open(handle), undefined)
  const reading = setUp({ isWritten: false })
  await reading.store(reading.create(), 1n)
  t.strictSame(await reading.names(OWN), [])
})
