import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { SlotManagedMemory, type SlotSharing, TaskStateBackend } from '@flink-ts/runtime'
import { HeapKeyedStateBackend, type StateBackendContext } from '@flink-ts/state'
import t from 'tap'

const MIB = 2 ** 20
const OPTIONS = { maxParallelism: 8, keyGroupRange: { start: 0, end: 7 } }

/** The backend of a task in a slot of 100 MiB, with what a package was given. */
function backendOf(
  keys: Readonly<Record<string, string>>,
  options: { readonly sharing?: SlotSharing; readonly module?: (name: string) => unknown } = {},
) {
  const loaded: string[] = []
  const contexts: StateBackendContext[] = []
  const managed = new SlotManagedMemory()
  const { counters } = managed.register('a', 100 * MIB)
  const createStateBackend = (context: StateBackendContext) => {
    contexts.push(context)
    return { name: 'fake', createKeyedStateBackend: () => new HeapKeyedStateBackend(OPTIONS) }
  }
  const backend = new TaskStateBackend({
    configuration: Configuration.fromMap(keys),
    random: new SeededRandom(1),
    log: noopLogger,
    managedMemory: counters,
    sharing: options.sharing,
    loadModule: async (name) => {
      loaded.push(name)
      return options.module === undefined ? { createStateBackend } : options.module(name)
    },
  })
  return { backend, loaded, contexts, managed }
}

t.test('TaskStateBackend: the heap unless state.backend.type says otherwise', async (t) => {
  const heap = backendOf({})
  t.throws(() => heap.backend.createKeyedStateBackend(OPTIONS), 'it is loaded first')
  await heap.backend.load()
  t.ok(heap.backend.createKeyedStateBackend(OPTIONS) instanceof HeapKeyedStateBackend)
  t.strictSame(heap.loaded, [])
  for (const type of ['lsm', 'rocksdb']) {
    const disk = backendOf({ 'state.backend.type': type, 'io.tmp.dirs': '/a,/b' })
    await disk.backend.load()
    t.strictSame(disk.loaded, ['@flink-ts/state-lsm'], type)
    t.strictSame(disk.contexts[0]!.directories, ['/a', '/b'])
  }
})

t.test('TaskStateBackend: names the package that is not there or is none', async (t) => {
  const missing = backendOf(
    { 'state.backend.type': 'lsm' },
    {
      module: (name) => {
        throw new Error(`no ${name}`)
      },
    },
  )
  await t.rejects(missing.backend.load(), {
    code: 'FLINK_STATE_BACKEND_NOT_LOADED',
    packageName: '@flink-ts/state-lsm',
    message: /no @flink-ts\/state-lsm; install it/,
  })
  const other = backendOf({ 'state.backend.type': 'lsm' }, { module: () => ({}) })
  await t.rejects(other.backend.load(), /it exports no createStateBackend/)
})

t.test(
  'TaskStateBackend: backends of a slot share its managed memory and never have more',
  async (t) => {
    const sharing: SlotSharing = {
      numberOfTasks: 3,
      operatorWeight: 0,
      hasStateBackend: true,
      numberOfStateBackends: 2,
    }
    const { backend, contexts, managed } = backendOf({ 'state.backend.type': 'lsm' }, { sharing })
    await backend.load()
    const [context] = contexts
    t.equal(context!.reserveMemory(MIB), 50 * MIB)
    t.equal(context!.reserveMemory(MIB), 50 * MIB)
    t.equal(managed.usedBytes, 100 * MIB)
    t.equal(context!.reserveMemory(8 * MIB), 8 * MIB, 'what it cannot do without')
    t.equal(managed.usedBytes, 100 * MIB)
  },
)
