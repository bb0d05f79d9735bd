import {
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  type ResourceId,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import t from 'tap'
import type { AssignedSlot } from '../../dist/executiongraph/execution.js'
import { arrangeAsBefore } from '../../dist/scheduler/adaptive/arrange-as-before.js'
import { LocalStateStores } from '../../dist/taskexecutor/local-state-stores.js'
import type { TaskDeployment } from '../../dist/taskmanager/task-launcher.js'

const ON = { 'state.backend.local-recovery': 'true' }

function setUp(keys: Readonly<Record<string, string>> = ON, files = inMemory()) {
  const clock = new ManualClock()
  const stores = new LocalStateStores({
    configuration: Configuration.fromMap({
      'execution.checkpointing.local-backup.dirs': '/a, /b/',
      'taskmanager.resource-id': 'tm:7',
      ...keys,
    }),
    resourceId: 'tm:7' as ResourceId,
    fileSystems: new FileSystemRegistry([files], files.scheme),
    log: noopLogger,
  })
  const schedule = clock.schedule.bind(clock)
  return { stores, clock, files, mainThread: { schedule } as unknown as MainThreadExecutor }
}

function inMemory() {
  return new InMemoryFileSystem({ clock: new ManualClock(), random: new SeededRandom(1) })
}

function task(
  subtaskIndex: number,
  { jobId = 'j', jobDirectory = '/cp', configuration = {} as Record<string, string> } = {},
): TaskDeployment {
  const job = { jobId, configuration, checkpointing: { jobDirectory } }
  const vertex = { id: 'v' }
  return { job, task: { vertex }, subtaskIndex, executionAttemptId: `e${subtaskIndex}` } as never
}

async function put(files: InMemoryFileSystem, folder: string): Promise<void> {
  await (await files.create(`${folder}/file`, 'overwrite')).close()
}

t.test('LocalStateStores.foldersOf spreads subtasks over the configured folders', async (t) => {
  const { stores } = setUp()
  const root = (parent: string) => `${parent}/flink-local-state-tm-tm-7/jid_j`
  t.strictSame(stores.foldersOf(task(0)), {
    own: `${root('/a')}/vtx_v_sti_0`,
    ofJob: [root('/a'), root('/b')],
    isWritten: true,
    isRead: true,
  })
  t.equal(stores.foldersOf(task(1))?.own, `${root('/b')}/vtx_v_sti_1`)
  t.equal(stores.foldersOf(task(2))?.own, `${root('/a')}/vtx_v_sti_2`)
})

t.test('LocalStateStores.foldersOf answers none to jobs that want none', async (t) => {
  const { stores } = setUp({})
  t.equal(stores.foldersOf(task(0)), undefined)
  const configuration = { 'execution.checkpointing.local-backup.enabled': 'true' }
  t.match(stores.foldersOf(task(0, { configuration })), { isWritten: true, isRead: false })
  t.equal(setUp().stores.foldersOf(task(0, { configuration: { ...ON, ...off() } })), undefined)
  const { checkpointing, ...job } = task(0).job
  t.ok(checkpointing)
  t.equal(setUp().stores.foldersOf({ ...task(0), job }), undefined, 'no files at all')
})

function off() {
  return {
    'execution.checkpointing.local-backup.enabled': 'false',
    'execution.state-recovery.from-local': 'false',
  }
}

t.test('LocalStateStores.completed removes what no subtask here uses any more', async (t) => {
  const { stores, files } = setUp()
  const [one, two] = [stores.foldersOf(task(0))!.own, stores.foldersOf(task(1))!.own]
  for (const folder of [one, two]) await put(files, folder)
  const here =
    (...attempts: string[]) =>
    (attempt: string) =>
      attempts.includes(attempt)
  stores.completed('j', 1n, here('e0'))
  stores.completed('j', 1n, here('e0'))
  stores.completed('j', 2n, here('e0', 'e1'))
  stores.completed('j', 3n, here('e0'))
  await stores.settled()
  t.ok(await files.exists(two), 'it may be about to start again')
  stores.completed('j', 4n, here('e0'))
  await stores.settled()
  t.notOk(await files.exists(two))
  t.ok(await files.exists(one))
})

t.test('LocalStateStores removes everything with the job, and with the TaskManager', async (t) => {
  const { stores, files } = setUp()
  const folders = [stores.foldersOf(task(0))!.own, stores.foldersOf(task(1))!.own]
  const other = stores.foldersOf(task(0, { jobId: 'k' }))!.own
  for (const folder of [...folders, other]) await put(files, folder)
  stores.jobGone('unknown')
  stores.jobGone('j')
  await stores.settled()
  t.notOk(await files.exists('/a/flink-local-state-tm-tm-7/jid_j'))
  t.notOk(await files.exists('/b/flink-local-state-tm-tm-7/jid_j'))
  t.ok(await files.exists(other))
  await stores.close()
  t.strictSame([...(await files.list('/a')), ...(await files.list('/b'))], [])
})

t.test('LocalStateStores finds again what a process with its id had', async (t) => {
  const files = inMemory()
  const killed = setUp(ON, files)
  await put(files, killed.stores.foldersOf(task(0))!.own)
  await put(files, killed.stores.foldersOf(task(0, { jobId: 'gone' }))!.own)
  const stale = '/a/flink-local-state-00000000-1-1-x'
  await put(files, stale)
  const next = setUp(ON, files)
  next.stores.start(next.mainThread)
  await next.stores.settled()
  const { own } = next.stores.foldersOf(task(0))!
  next.clock.advance(600_000)
  await next.stores.settled()
  t.ok(await files.exists(own), 'its job runs here again')
  t.notOk(await files.exists('/a/flink-local-state-tm-tm-7/jid_gone'), 'this one does not')
  t.ok(await files.exists(stale), 'who knows what runs on another host')
})

t.test('arrangeAsBefore puts groups into their slots, else onto their TaskManagers', async (t) => {
  const slot = (name: string) =>
    ({ allocationId: name, location: { resourceId: name[0] } }) as unknown as AssignedSlot
  const arrange = (now: string, before: string) =>
    arrangeAsBefore(now.split(' ').map(slot), before.split(' ').map(slot))
      .map(({ allocationId }) => allocationId)
      .join(' ')
  t.equal(arrange('a1 b1 b2', 'b1 a1 b2'), 'b1 a1 b2')
  t.equal(arrange('b1 c1 a1', 'a1 b1 d1'), 'a1 b1 c1', 'what is lost is replaced where it was')
  t.equal(arrange('c1 a2', 'a1 b1'), 'a2 c1', 'another slot of the same TaskManager')
  t.equal(arrange('a1', 'b1 a1'), 'a1')
  t.equal(arrange('b1 a1 c1', 'a1'), 'a1 b1 c1')
})
