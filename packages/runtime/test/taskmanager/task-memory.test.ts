import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Configuration, type JobVertexId, SeededRandom } from '@flink-ts/core'
import {
  checkTaskHeap,
  type JobVertex,
  LocalSpillFiles,
  ManagedMemoryExceededError,
  managedMemoryShares,
  OperatorManagedMemory,
  SlotManagedMemory,
  SpillFileError,
  slotSharingOf,
  type TaskDeployment,
  TaskHeapTooSmallError,
  taskThreadLimits,
} from '@flink-ts/runtime'
import t, { type Test } from 'tap'
import { deployments, operator } from './testing-job.js'
import {
  PRELUDE,
  recordProgram,
  type WorkerCluster,
  workerCluster,
  writeBundle,
} from './worker-cluster.js'

const MB = 2 ** 20
const remedy = (bytes: number) => `more for ${bytes}`

// A heap that is nearly full is collected again and again, which takes its time on a busy machine.
t.setTimeout(300_000)

t.test('taskThreadLimits divides a slot so that its threads never have more than it', async (t) => {
  for (const heapMb of [60, 100, 384, 4096]) {
    for (const numberOfTasks of [1, 2, 3, 4]) {
      const facts = {
        taskName: 'a',
        taskHeapBytes: heapMb * MB,
        numberOfTasks,
        managedBytes: 0,
        remedy,
      }
      const { maxOldGenerationSizeMb: old, maxYoungGenerationSizeMb: young } =
        taskThreadLimits(facts)
      t.ok((old + young) * numberOfTasks <= heapMb)
      t.ok((old + young) * numberOfTasks > heapMb - numberOfTasks)
    }
  }
  const managed = {
    taskName: 'a',
    taskHeapBytes: 64 * MB,
    numberOfTasks: 1,
    managedBytes: 10 * MB,
    remedy,
  }
  t.strictSame(taskThreadLimits(managed), {
    maxYoungGenerationSizeMb: 12,
    maxOldGenerationSizeMb: 62,
  })
})

t.test('taskThreadLimits refuses a slot that is too small, with the keys to change', async (t) => {
  const facts = {
    taskName: 'sum (1/1)',
    taskHeapBytes: 64 * MB,
    numberOfTasks: 5,
    managedBytes: 0,
    remedy,
  }
  t.throws(() => taskThreadLimits(facts), TaskHeapTooSmallError)
  t.throws(() => taskThreadLimits(facts), {
    code: 'FLINK_TASK_HEAP_TOO_SMALL',
    message: /sum \(1\/1\).*64.*for 5 tasks.*75.*more for 78643200.*slot sharing/,
  })
})

function vertex(id: string, group: string, weights: (number | 'state' | undefined)[]): JobVertex {
  return {
    id: id as JobVertexId,
    name: id,
    parallelism: 1,
    maxParallelism: 128,
    slotSharingGroup: group,
    operators: weights.map((weight, i) => ({
      ...operator(`${id}${i}`),
      ...(weight === 'state'
        ? { managedMemory: { stateBackend: true } }
        : weight !== undefined && { managedMemory: { operatorWeight: weight } }),
    })),
  }
}

t.test(
  'checkTaskHeap refuses a job whose tasks have no room in a slot, with the size that would do',
  async (t) => {
    const of = (size: string, slots = 1) =>
      Configuration.fromMap({
        'taskmanager.memory.process.size': size,
        'taskmanager.numberOfTaskSlots': `${slots}`,
      })
    const vertices = [vertex('a', 'default', []), vertex('b', 'default', [])]
    const job = { name: 'words', vertices }
    const refusal = {
      code: 'FLINK_TASK_HEAP_TOO_SMALL',
      message:
        /job 'words'.*group 'default' has 25.*for 2 tasks.*30.* at least; set 'taskmanager\.memory\.process\.size' to (\d+)m at least/,
    }
    t.throws(() => checkTaskHeap(job, of('1024m')), refusal)
    let text = ''
    try {
      checkTaskHeap(job, of('1024m'))
    } catch (error) {
      text = (error as Error).message
    }
    const least = Number(refusal.message.exec(text)?.[1])
    t.doesNotThrow(() => checkTaskHeap(job, of(`${least}m`)))
    t.throws(() => checkTaskHeap(job, of(`${least - 1}m`)))
    t.doesNotThrow(() => checkTaskHeap({ ...job, vertices: vertices.slice(1) }, of('1024m')))
    const resources = { cpuCores: 1, taskOffHeapBytes: 0, managedBytes: 0, extendedResources: {} }
    const group = (mb: number) => ({
      ...job,
      slotSharingGroups: [{ name: 'default', resources: { ...resources, taskHeapBytes: mb * MB } }],
    })
    t.doesNotThrow(() => checkTaskHeap(group(30), of('1024m')), 'slots of its own size')
    t.throws(() => checkTaskHeap(group(29), of('4g')), {
      message: /29\.000mb.*; give the slot sharing group more task heap/i,
    })
  },
)

t.test(
  'managedMemoryShares divides by kinds in use, then by the weights of operators',
  async (t) => {
    const a = vertex('a', 'default', [100, undefined])
    const b = vertex('b', 'default', [300])
    const other = vertex('c', 'other', [1])
    const state = vertex('d', 'default', ['state'])
    const none = new Configuration()
    const shares = (of: JobVertex, all: JobVertex[], configuration = none) => {
      const sharing = slotSharingOf({ vertices: all }).get(of.slotSharingGroup)!
      return Object.fromEntries(managedMemoryShares(of, sharing, 1000, configuration))
    }
    t.strictSame(slotSharingOf({ vertices: [a, b, other] }).get('default'), {
      numberOfTasks: 2,
      operatorWeight: 400,
      hasStateBackend: false,
    })
    t.strictSame(shares(a, [a, b, other]), { a0: 250 })
    t.strictSame(shares(b, [a, b, other]), { b0: 750 })
    t.strictSame(shares(other, [a, b, other]), { c0: 1000 })
    t.strictSame(shares(b, [a, b, state]), { b0: 375 })
    t.strictSame(shares(state, [a, b, state]), { d0: 500 })
    const weights = Configuration.fromMap({
      'taskmanager.memory.managed.consumer-weights': 'OPERATOR:30,STATE_BACKEND:10',
    })
    t.strictSame(shares(state, [a, b, state], weights), { d0: 250 })
    t.strictSame(shares(state, [state], weights), { d0: 1000 })
  },
)

t.test('OperatorManagedMemory never exceeds its share or its slot, and says so', async (t) => {
  const slots = new SlotManagedMemory()
  const first = slots.register('slot', 100)
  const second = slots.register('slot', 100)
  const one = new OperatorManagedMemory({
    operatorName: 'sort',
    shareBytes: 80,
    counters: first.counters,
  })
  const two = new OperatorManagedMemory({
    operatorName: 'sum',
    shareBytes: 60,
    counters: second.counters,
  })
  one.reserve(70)
  t.notOk(one.tryReserve(11))
  t.notOk(two.tryReserve(31), 'the slot has no more')
  t.throws(() => two.reserve(31), ManagedMemoryExceededError)
  t.throws(() => two.reserve(31), {
    code: 'FLINK_MANAGED_MEMORY_EXCEEDED',
    askedBytes: 31,
    availableBytes: 30,
    slotTotalBytes: 100,
    message: /"sum" asked for .* taskmanager\.memory\.managed\.size/,
  })
  two.reserve(30)
  t.equal(slots.usedBytes, 100)
  one.release(50)
  t.ok(two.tryReserve(30))
  t.equal(slots.usedBytes, 80)
  first.release()
  t.equal(slots.usedBytes, 60, 'what a task still had goes with it')
  second.release()
  t.equal(slots.usedBytes, 0)
})

async function deploymentOf(
  path: string,
  slot?: TaskDeployment['slot'],
  operatorWeight?: number,
): Promise<TaskDeployment> {
  const work = {
    ...operator('work', ['numbers']),
    ...(operatorWeight !== undefined && { managedMemory: { operatorWeight } }),
  }
  const [program] = await recordProgram(path)
  const [only] = deployments(
    [{ id: 'all', parallelism: 1, operators: [operator('numbers'), work] }],
    { job: { program: program! }, bundlePath: path },
  )
  return { ...only!, ...(slot && { slot }) }
}

async function outOfMemory(t: Test, cluster: WorkerCluster, source: string, heapMb: number) {
  const path = writeBundle(t.testdir(), `fill-${heapMb}.mjs`, `${PRELUDE}${source}`)
  const slot = { taskHeapBytes: heapMb * MB, managedBytes: 0 }
  const launched = cluster.launch(await deploymentOf(path, slot))
  await launched.task.released
  t.equal(launched.states.at(-1), 'FAILED')
  t.match(
    launched.error()?.message,
    new RegExp(`ran out of memory.*${heapMb} MB.*taskmanager\\.memory\\.task\\.heap\\.size`),
  )
}

const FILLING: Record<string, string> = {
  'value state of many keys': `
    let state
    await execute(job((value, { keyedState }) => {
      const backend = keyedState()
      state ??= backend.getValueState({ name: 'seen' })
      backend.setCurrentKey(value % 2 === 0 ? value : 'key of ' + value)
      state.update({ value, text: 'some text ' + value })
    }, { count: 1e9 }))`,
  'value state of few keys, whose arrays grow': `
    let state
    await execute(job((value, { keyedState }) => {
      const backend = keyedState()
      state ??= backend.getValueState({ name: 'list' })
      backend.setCurrentKey(value % 500)
      const list = state.value() ?? []
      list.push({ value })
      state.update(list)
    }, { count: 1e9 }))`,
  'buffers of windows that nobody closes': `
    let state
    await execute(job((value, { keyedState }) => {
      const backend = keyedState()
      state ??= backend.getValueState({ name: 'windows' })
      backend.setCurrentKey(value % 1000)
      const windows = state.value() ?? new Map()
      const window = Math.floor(value / 20000)
      const elements = windows.get(window) ?? []
      elements.push([value, 'element ' + value])
      windows.set(window, elements)
      state.update(windows)
    }, { count: 1e9 }))`,
}

for (const [name, source] of Object.entries(FILLING)) {
  t.test(`a task that fills ${name} fails alone, naming the keys to raise`, async (t) => {
    const cluster = await workerCluster()
    for (const heapMb of [32, 64]) await outOfMemory(t, cluster, source, heapMb)
    await cluster.close()
  })
}

t.test('managed memory of a task whose thread is ended by force is given back', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'hold.mjs',
    `${PRELUDE}
    await execute(job((value, { managedMemory, sendEventToCoordinator }) => {
      managedMemory.reserve(managedMemory.shareBytes)
      sendEventToCoordinator(new Uint8Array())
      for (;;);
    }))`,
  )
  const cluster = await workerCluster({ configuration: { 'task.cancellation.timeout': '100 ms' } })
  const slot = { taskHeapBytes: 64 * MB, managedBytes: 8 * MB }
  const launched = cluster.launch(await deploymentOf(path, slot, 1))
  await launched.event
  t.equal(cluster.managedMemoryUsed(), 8 * MB)
  launched.task.cancel()
  await launched.task.released
  t.equal(launched.states.at(-1), 'CANCELED')
  t.equal(cluster.managedMemoryUsed(), 0)
  await cluster.close()
})

t.test(
  'a task that asks for more managed memory than its slot has fails with the key',
  async (t) => {
    const path = writeBundle(
      t.testdir(),
      'greedy.mjs',
      `${PRELUDE}
    await execute(job((value, { managedMemory }) => managedMemory.reserve(9 * 2 ** 20)))`,
    )
    const cluster = await workerCluster()
    const slot = { taskHeapBytes: 64 * MB, managedBytes: 8 * MB }
    const launched = cluster.launch(await deploymentOf(path, slot, 1))
    await launched.task.released
    t.equal(launched.error()?.code, 'FLINK_MANAGED_MEMORY_EXCEEDED')
    t.match(launched.error()?.message, /"work" asked for 9.*8.*taskmanager\.memory\.managed\.size/)
    await cluster.close()
  },
)

t.test('a task sees nothing of what one before it left in its thread', async (t) => {
  const path = writeBundle(
    t.testdir(),
    'leaves-things.mjs',
    `import { Configuration } from '@flink-ts/core'
    ${PRELUDE}
    const isClean = () => globalThis.left === undefined && Array.prototype.last === undefined &&
      process.env.LEFT === undefined && Configuration.prototype.left === undefined &&
      process.listenerCount('left') === 0
    await execute(job((value) => {
      if (value > 0) return
      if (!isClean()) throw new Error('somebody was here before')
      globalThis.left = 1
      Array.prototype.last = function () { return this.at(-1) }
      process.env.LEFT = 'yes'
      Configuration.prototype.left = 1
      process.on('left', () => {})
      if (isClean()) throw new Error('nothing was left')
    }))`,
  )
  const configuration = { 'taskmanager.task-thread-pool.size': '2' }
  const cluster = await workerCluster({ configuration })
  const deployment = await deploymentOf(path)
  for (let i = 0; i < 4; i++) {
    const launched = cluster.launch(deployment)
    await launched.task.released
    t.equal(launched.states.at(-1), 'FINISHED', JSON.stringify(launched.error()))
  }
  await cluster.close()
  t.ok(process.env['LEFT'] === undefined, 'nor does the process')
})

t.test('LocalSpillFiles', async (t) => {
  const root = t.testdir({ file: '' })
  const folders = [join(root, 'a'), join(root, 'b')]
  const configuration = Configuration.fromMap({ 'io.tmp.dirs': folders.join(',') })
  const files = LocalSpillFiles.configured(configuration, new SeededRandom(1))
  const opened = [files.create(), files.create()]
  const text = (offset: number, length: number) => {
    const target = Buffer.alloc(length)
    opened[0]!.read(offset, target)
    return target.toString()
  }
  t.strictSame(readdirSync(root).toSorted(), ['a', 'b', 'file'], 'all folders are used')
  t.strictSame(
    folders.flatMap((folder) => readdirSync(folder)),
    [],
    'files have no names',
  )
  t.equal(opened[0]!.append(Buffer.from('hello ')), 0)
  t.equal(opened[0]!.append(Buffer.from('world')), 6)
  t.equal(text(0, 11), 'hello world')
  t.equal(text(6, 5), 'world')
  t.throws(() => text(6, 6), {
    code: 'FLINK_SPILL_FILE',
    message: /read the temporary file.*io\.tmp\.dirs/,
  })
  for (const file of opened) file.close()
  t.doesNotThrow(() => opened[0]!.close(), 'closing twice is fine')
  const nowhere = new LocalSpillFiles([join(root, 'file', 'in')], new SeededRandom(1))
  t.throws(() => nowhere.create(), SpillFileError)
})
