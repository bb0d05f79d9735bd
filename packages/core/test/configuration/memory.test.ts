import {
  Configuration,
  deriveJobManagerMemory,
  deriveTaskManagerMemory,
  LEAST_TASK_HEAP,
  memoryForTaskHeap,
  renderMemoryTable,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

const MB = 1024 * 1024
const code = 'FLINK_ILLEGAL_CONFIGURATION'
const configurationOf = (values: Record<string, string>) =>
  Configuration.fromMap(
    Object.fromEntries(Object.entries(values).map(([k, v]) => [`taskmanager.${k}`, v])),
  )
const tm = (values: Record<string, string>) => deriveTaskManagerMemory(configurationOf(values))
const jm = (values: Record<string, string>) =>
  deriveJobManagerMemory(
    Configuration.fromMap(
      Object.fromEntries(Object.entries(values).map(([k, v]) => [`jobmanager.memory.${k}`, v])),
    ),
  )

t.test('deriveTaskManagerMemory divides 1728m as Flink does', async (t) => {
  t.match(tm({ 'memory.process.size': '1728m', numberOfTaskSlots: '2' }), {
    totalProcessMemory: 1728 * MB,
    totalFlinkMemory: 1280 * MB,
    frameworkHeap: 128 * MB,
    frameworkOffHeap: 128 * MB,
    managedMemory: 512 * MB,
    networkMemory: 128 * MB,
    taskHeap: 384 * MB,
    taskOffHeap: 0,
    jvmMetaspace: 256 * MB,
    jvmOverhead: 192 * MB,
    perSlot: { managedMemory: 256 * MB, networkMemory: 64 * MB, taskHeap: 192 * MB },
  })
})

t.test('deriveTaskManagerMemory starts from flink.size', async (t) => {
  const memory = tm({ 'memory.flink.size': '1280m' })
  t.equal(memory.taskHeap, 384 * MB)
  t.equal(memory.jvmOverhead, 192 * MB)
  t.equal(memory.totalProcessMemory, 1728 * MB)
})

t.test('deriveTaskManagerMemory sums task heap and managed memory', async (t) => {
  const memory = tm({ 'memory.task.heap.size': '384m', 'memory.managed.size': '512m' })
  t.equal(memory.networkMemory, 128 * MB)
  t.equal(memory.totalFlinkMemory, 1280 * MB)
})

t.test('deriveTaskManagerMemory gives network memory the rest when task heap is set', async (t) => {
  const flink = { 'memory.flink.size': '1280m' }
  t.equal(tm({ ...flink, 'memory.task.heap.size': '400m' }).networkMemory, 112 * MB)
  t.throws(() => tm({ ...flink, 'memory.task.heap.size': '500m' }), {
    code,
    message: /task heap 500 mb = 1268 mb leave 12 mb for network memory, which must be from 64 mb/,
  })
})

t.test('deriveTaskManagerMemory refuses an impossible split with the arithmetic', async (t) => {
  t.throws(() => tm({ 'memory.process.size': '400m' }), {
    code,
    message: /\(400 mb\): metaspace 256 mb \+ overhead 192 mb = 448 mb leave -48 mb/,
  })
  t.throws(() => tm({ 'memory.flink.size': '500m' }), {
    message:
      /500 mb without .*, framework heap 128 mb \+ framework off-heap 128 mb \+ task off-heap 0 bytes \+ managed 200 mb \+ network 64 mb = 520 mb leave -20 mb for the task heap/,
  })
  t.throws(() => tm({ 'memory.process.size': '1g', 'memory.flink.size': '1g' }), {
    message: /leave -256 mb for overhead, which must be from 192 mb/,
  })
  t.throws(() => tm({}), { code, message: /set 'taskmanager\.memory\.process\.size'/ })
  t.throws(() => tm({ 'memory.process.size': '2g', 'memory.network.max': '1m' }), {
    message: /'taskmanager.memory.network.min' \(64 mb\) must not be larger than/,
  })
})

t.test('deriveTaskManagerMemory: the parts always add up to the whole', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1024, max: 500_000 }),
      fc.integer({ min: 1, max: 64 }),
      (m, n) => {
        // Every slot has room for a task.
        fc.pre(m >= 1050 + 40 * n)
        const memory = tm({ 'memory.process.size': `${m}m`, numberOfTaskSlots: `${n}` })
        const flink =
          memory.frameworkHeap +
          memory.frameworkOffHeap +
          memory.taskHeap +
          memory.taskOffHeap +
          memory.networkMemory +
          memory.managedMemory
        return (
          memory.totalProcessMemory === m * MB &&
          flink === memory.totalFlinkMemory &&
          flink + memory.jvmMetaspace + memory.jvmOverhead === m * MB &&
          memory.perSlot.taskHeap * n <= memory.taskHeap
        )
      },
    ),
  )
})

t.test(
  'deriveTaskManagerMemory refuses slots in which no task could run, with the size that would do',
  async (t) => {
    const sizes = { 'memory.process.size': '1024m', numberOfTaskSlots: '2' }
    t.throws(() => tm(sizes), {
      code: 'FLINK_ILLEGAL_CONFIGURATION',
      message:
        /a TaskManager of 1\.000gb .* 25\.600mb .* of task heap, 12\.800mb .* for each of 2 slots, and a task needs 15.*; set 'taskmanager\.memory\.process\.size' to 1\d{3}m at least, or lower 'taskmanager\.numberOfTaskSlots'/i,
    })
    const all: Record<string, string>[] = [
      sizes,
      { 'memory.flink.size': '600m', numberOfTaskSlots: '8' },
      { 'memory.task.heap.size': '40m', 'memory.managed.size': '50m', numberOfTaskSlots: '5' },
      { 'memory.process.size': '800m' },
    ]
    for (const given of all) {
      const configuration = configurationOf(given)
      const { key, megabytes } = memoryForTaskHeap(configuration, LEAST_TASK_HEAP)!
      const set = (mb: number) => configuration.clone().setString(key, `${mb}m`)
      t.ok(deriveTaskManagerMemory(set(megabytes)), `${key}: ${megabytes}m`)
      t.throws(() => deriveTaskManagerMemory(set(megabytes - 1)), 'and it is the least')
    }
  },
)

t.test('deriveJobManagerMemory divides 1600m as Flink does', async (t) => {
  t.match(jm({ 'process.size': '1600m' }), {
    totalFlinkMemory: 1152 * MB,
    heap: 1024 * MB,
    offHeap: 128 * MB,
    jvmMetaspace: 256 * MB,
    jvmOverhead: 192 * MB,
  })
  t.equal(jm({ 'heap.size': '1g' }).totalProcessMemory, 1600 * MB)
  t.equal(jm({ 'flink.size': '1152m' }).heap, 1024 * MB)
  t.equal(jm({ 'flink.size': '1152m', 'heap.size': '1g' }).offHeap, 128 * MB)
})

t.test('deriveJobManagerMemory refuses what does not fit', async (t) => {
  t.throws(() => jm({}), { code, message: /set 'jobmanager\.memory\.process\.size'/ })
  t.throws(() => jm({ 'process.size': '500m' }), { code, message: /leave -76 mb of heap/ })
  t.throws(() => jm({ 'flink.size': '1g', 'heap.size': '2g' }), {
    message: /leaves -1 gb off-heap/,
  })
})

t.test('renderMemoryTable shows each part on a line', async (t) => {
  const table = renderMemoryTable(tm({ 'memory.process.size': '1728m' }))
  t.match(table, /^Total process memory +1\.688gb \(1811939328 bytes\)$/m)
  t.match(table, /^ {4}Managed memory +512\.000mb \(536870912 bytes\)$/m)
  t.match(renderMemoryTable(jm({ 'process.size': '1600m' })), /^ {4}Heap +1\.000gb/m)
})
