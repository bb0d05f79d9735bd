import { MainThreadExecutor } from '@flink-ts/rpc'
import { runScenario, SCENARIOS } from '@flink-ts/testing'
import t from 'tap'

// A simulation that finds nothing may be blind: each of these breaks one component and must be found.

type Prototype = Record<string, unknown>

/** A class of the runtime that its package does not export. */
async function internal(path: string, name: string): Promise<Prototype> {
  const url = new URL(`../../runtime/dist/${path}`, import.meta.url).href
  const module = (await import(url)) as Record<string, { prototype: Prototype }>
  return module[name]!.prototype
}

/** Runs a scenario with seed after seed until something is violated. @returns what */
async function findViolation(scenarioName: string, seeds: number): Promise<string | undefined> {
  const scenario = SCENARIOS.find(({ name }) => name === scenarioName)!
  for (let seed = 1; seed <= seeds; seed++) {
    const { error } = await runScenario(scenario, { seed })
    if (error !== undefined) return String(error)
  }
  return undefined
}

function replace(t: Tap, prototype: Prototype, name: string, property: PropertyDescriptor): void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)!
  Object.defineProperty(prototype, name, { ...property, configurable: true })
  t.teardown(() => Object.defineProperty(prototype, name, original))
}

type Tap = { teardown(action: () => void): void }

t.test('a ResourceManager that grants slots twice is found', async (t) => {
  const slot = await internal('resourcemanager/slotmanager/task-manager-slot.js', 'TaskManagerSlot')
  const original = Object.getOwnPropertyDescriptor(slot, 'state')!
  replace(t, slot, 'state', {
    get() {
      const state = original.get!.call(this) as string
      return state === 'ALLOCATED' ? 'FREE' : state
    },
  })
  t.match(await findViolation('two-jobs', 20), /JobManager failed.*ALLOCATED -> PENDING/s)
})

t.test('a TaskManager that does not release its slots is found', async (t) => {
  const table = await internal('taskexecutor/slot/task-slot-table.js', 'TaskSlotTable')
  replace(t, table, 'free', { value() {} })
  t.match(await findViolation('word-count', 1), /after all jobs ended slot tm-\d\/\d is held/)
})

t.test('a TaskManager that gives a held slot to somebody else is found', async (t) => {
  const table = await internal('taskexecutor/slot/task-slot-table.js', 'TaskSlotTable')
  const allocate = table['allocate'] as (...args: unknown[]) => void
  const free = table['free'] as (...args: unknown[]) => void
  const tables = new WeakMap<object, string>()
  replace(t, table, 'allocate', {
    value(this: object, slotNumber: number, jobId: string, allocationId: string) {
      // The allocation before is forgotten, tasks and all, whoever uses it.
      const before = tables.get(this)
      if (before !== undefined) free.call(this, before)
      tables.set(this, allocationId)
      allocate.call(this, slotNumber, jobId, allocationId)
    },
  })
  t.ok(await findViolation('two-jobs', 20))
})

t.test('an endpoint that leaves its timers behind is found', async (t) => {
  const mainThread = MainThreadExecutor.prototype as unknown as Prototype
  const schedule = mainThread['schedule'] as (...args: unknown[]) => unknown
  replace(t, mainThread, 'close', { value() {} })
  replace(t, mainThread, 'schedule', {
    value(this: object, ...args: unknown[]) {
      schedule.apply(this, args)
      return () => {}
    },
  })
  t.match(await findViolation('word-count', 1), /left a timer/)
})

t.test(
  'a JobMaster that takes reports of earlier attempts for those of the current one is found',
  async (t) => {
    const graph = await internal('executiongraph/execution-graph.js', 'ExecutionGraph')
    interface Vertex {
      readonly current: { readonly attemptId: string }
    }
    replace(t, graph, 'currentExecution', {
      value(this: { vertices: readonly Vertex[] }, attemptId: string) {
        const subtask = (id: string) => id.slice(0, id.lastIndexOf('_'))
        return this.vertices.find(
          ({ current }) => subtask(current.attemptId) === subtask(attemptId),
        )?.current
      },
    })
    t.ok(await findViolation('lossy-network', 60))
  },
)

t.test('nothing of this is left behind', async (t) => {
  t.equal(await findViolation('two-jobs', 3), undefined)
  t.equal(await findViolation('lossy-network', 3), undefined)
})
