import { noopLogger, type ResourceId, SeededRandom } from '@flink-ts/core'
import t from 'tap'
import {
  ActiveWorkers,
  type ActiveWorkersSettings,
  DEFAULT_ACTIVE_WORKERS_SETTINGS,
} from '../../dist/resourcemanager/active/active-workers.js'
import type {
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from '../../dist/resourcemanager/resource-manager-driver.js'
import {
  memoryOf,
  multiplyProfile,
} from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import {
  type SlotAllocation,
  SlotManager,
} from '../../dist/resourcemanager/slotmanager/slot-manager.js'
import {
  DEFAULT_SLOT_MANAGER_SETTINGS,
  type SlotManagerSettings,
} from '../../dist/resourcemanager/slotmanager/slot-manager-settings.js'
import { advance, SLOT_PROFILE, settle, TestWorld } from '../testing/control-plane.js'

const SPEC: WorkerResourceSpec = {
  cpuCores: 2,
  totalProcessBytes: 1000,
  numberOfSlots: 2,
  slotProfile: SLOT_PROFILE,
  totalProfile: multiplyProfile(SLOT_PROFILE, 2),
  dynamicProperties: {},
}

/** Grants and refuses as it is told. */
class ScriptedDriver implements ResourceManagerDriver {
  readonly name = 'scripted'
  readonly canStartWorkers = true
  readonly requests: {
    grant(id: string): void
    refuse(): void
    readonly aborted: boolean
  }[] = []
  readonly released: string[] = []
  async initialize() {}
  readonly blocked: string[][] = []
  requestResource: ResourceManagerDriver['requestResource'] = (_spec, { signal, blockedNodes }) =>
    new Promise<WorkerHandle>((resolve, reject) => {
      this.blocked.push([...blockedNodes])
      this.requests.push({
        grant: (id) => resolve({ resourceId: id as ResourceId }),
        refuse: () => reject(new Error('no room')),
        get aborted() {
          return signal.aborted
        },
      })
    })
  releaseResource({ resourceId }: WorkerHandle) {
    this.released.push(resourceId)
  }
  async deregisterApplication() {}
  async terminate() {}
}

function setUp(settings: Partial<ActiveWorkersSettings> = {}) {
  const world = new TestWorld()
  const driver = new ScriptedDriver()
  const gone: string[] = []
  const intended: string[] = []
  const hindrances: (string | undefined)[] = []
  const warnings: string[] = []
  const workers: ActiveWorkers = new ActiveWorkers({
    driver,
    spec: SPEC,
    settings: { ...DEFAULT_ACTIVE_WORKERS_SETTINGS, ...settings },
    mainThread: world.mainThread('rm'),
    clock: world.clock,
    log: { ...noopLogger, warn: (message) => void warnings.push(message) },
    blockedNodes: () => new Set(['bad-node']),
    onHindrance: () => void hindrances.push(workers.hindrance),
    onGone: (resourceId, _cause, isIntended) => {
      gone.push(resourceId)
      if (isIntended) intended.push(resourceId)
    },
  })
  const grant = async (index: number, id: string) => {
    driver.requests[index]!.grant(id)
    await settle()
  }
  return {
    ...world,
    clock: world.clock,
    driver,
    workers,
    gone,
    intended,
    hindrances,
    warnings,
    grant,
  }
}

t.test('ActiveWorkers releases unwanted ones first, then requests, then others', async (t) => {
  const { driver, workers, gone, intended, grant, clock } = setUp()
  workers.recovered([])
  workers.declare(4, [])
  t.equal(driver.requests.length, 4)
  for (const [i, id] of ['a', 'b', 'c'].entries()) await grant(i, id)
  for (const id of ['a', 'b']) workers.registered(id)
  workers.declare(3, ['a'])
  t.same([driver.released, gone], [['a'], ['a']])
  workers.declare(2, [])
  t.ok(driver.requests[3]!.aborted)
  await grant(3, 'late')
  t.same(driver.released, ['a', 'late'], 'granted all the same, it goes at once')
  workers.declare(1, [])
  t.same(driver.released, ['a', 'late', 'c'], 'the one that has not registered')
  t.same(intended, ['a', 'c'], 'nobody is alarmed')
  workers.close()
  t.equal(clock.pendingTimers, 0)
})

t.test(
  'resourcemanager.start-worker.max-failure-rate: a pause of retry-interval after so many',
  async (t) => {
    const { driver, workers, clock } = setUp({ maxStartFailureRate: 2 })
    workers.recovered([])
    workers.declare(1, [])
    for (let i = 0; i < 3; i++) {
      driver.requests[i]!.refuse()
      await settle()
    }
    t.equal(driver.requests.length, 3)
    await advance(clock, 2_999)
    t.equal(driver.requests.length, 3)
    await advance(clock, 1)
    t.equal(driver.requests.length, 4)
    workers.close()
  },
)

t.test(
  'resourcemanager.taskmanager-registration.timeout: ActiveWorkers replaces who is late, ends or is lost',
  async (t) => {
    const { driver, workers, gone, intended, grant, clock } = setUp()
    workers.recovered([])
    workers.declare(1, [])
    await grant(0, 'silent')
    await advance(clock, 300_000)
    t.same([driver.released, driver.requests.length], [['silent'], 2])
    await grant(1, 'ends')
    workers.registered('ends')
    workers.terminated('ends', 'exit code 1')
    workers.terminated('ends', 'exit code 1')
    t.equal(driver.requests.length, 3)
    await grant(2, 'lost')
    workers.registered('lost')
    workers.disconnected('lost', 50_000)
    await advance(clock, 40_000)
    workers.registered('lost')
    await advance(clock, 40_000)
    t.ok(workers.has('lost'), 'it came back in time')
    workers.lost('lost')
    t.same([gone, driver.requests.length], [['silent', 'ends', 'lost'], 4])
    t.same(intended, [], 'something is wrong with each')
    workers.close()
  },
)

t.test(
  'resourcemanager.previous-worker.recovery.timeout: workers of an earlier attempt are waited for',
  async (t) => {
    const { driver, workers, clock } = setUp({ recoveryTimeoutMs: 10_000 })
    workers.declare(3, [])
    workers.recovered([{ resourceId: 'a' as ResourceId }, { resourceId: 'b' as ResourceId }])
    await workers.known
    workers.registered('a')
    t.equal(driver.requests.length, 0)
    await advance(clock, 10_000)
    t.equal(driver.requests.length, 1, 'b may still come')
    workers.close()
  },
)

// ---------------------------------------------------------------- what is declared

function slotManager(settings: Partial<SlotManagerSettings>) {
  const world = new TestWorld()
  const declared: (readonly [number, readonly string[]])[] = []
  const allocations: SlotAllocation[] = []
  const short: string[] = []
  const kept = new Set<string>()
  const told = { hindrance: undefined as string | undefined }
  const manager = new SlotManager({
    mainThread: world.mainThread('slots'),
    clock: world.clock,
    log: noopLogger,
    random: new SeededRandom(1),
    settings: { ...DEFAULT_SLOT_MANAGER_SETTINGS, workerSpec: SPEC, ...settings },
    allocateSlot: async (allocation) => void allocations.push(allocation),
    onDoubt: () => {},
    onNotEnoughResources: (_job, _acquired, _missing, reason) => void short.push(reason ?? '-'),
    workers: {
      declare: (needed, unwanted) => void declared.push([needed, unwanted]),
      hindrance: () => told.hindrance,
      canBeReleased: async (resourceId) => !kept.has(resourceId),
    },
  })
  const join = (resourceId: string, nodeId = resourceId) =>
    manager.registerTaskManager({
      resourceId,
      instanceId: `${resourceId}-i`,
      nodeId,
      numberOfSlots: 2,
      totalProfile: SPEC.totalProfile,
      report: {
        slots: [0, 1].map((slotNumber) => ({
          slotId: { resourceId, slotNumber },
          profile: SLOT_PROFILE,
          assignedTasks: 0,
        })),
      },
    })
  const check = async () => {
    await advance(world.clock, 1)
    return declared.at(-1)
  }
  return { clock: world.clock, manager, join, check, allocations, short, kept, told }
}

t.test('ActiveWorkers keeps workers of an earlier attempt until they have registered', (t) => {
  const { driver, workers } = setUp()
  workers.recovered([{ resourceId: 'a' as ResourceId }, { resourceId: 'b' as ResourceId }])
  // No job has come back yet.
  workers.declare(0, [])
  t.same(driver.released, [])
  // The one that has registered is not the one too many either.
  workers.registered('a')
  workers.declare(1, [])
  t.same(driver.released, [])
  workers.declare(2, [])
  t.equal(driver.requests.length, 0, 'they count as there')
  workers.registered('b')
  workers.declare(1, ['a'])
  t.same(driver.released, ['a'])
  workers.close()
  t.end()
})

t.test(
  'ActiveWorkers.hindrance: what the driver says, or why the last one did not start',
  async (t) => {
    const { driver, workers, hindrances, grant } = setUp()
    workers.recovered([])
    workers.declare(1, [])
    t.equal(workers.hindrance, undefined)
    driver.requests[0]!.refuse()
    await settle()
    t.equal(workers.hindrance, 'a TaskManager could not be started: no room')
    workers.hindered('short of mem')
    workers.hindered('short of mem')
    t.equal(workers.hindrance, 'no TaskManager can be had now: short of mem')
    workers.hindered(undefined)
    await grant(1, 'ends')
    workers.terminated('ends', 'exit code 127')
    t.equal(workers.hindrance, 'a TaskManager could not be started: exit code 127')
    await grant(2, 'comes')
    workers.registered('comes')
    t.same(hindrances, [
      'a TaskManager could not be started: no room',
      'no TaskManager can be had now: short of mem',
      'a TaskManager could not be started: no room',
      'a TaskManager could not be started: exit code 127',
      undefined,
    ])
    workers.close()
  },
)

t.test(
  'ActiveWorkers.hindrance: a failure is forgotten with the need for workers, and silence is one',
  async (t) => {
    const { clock, driver, workers, grant } = setUp({
      registrationTimeoutMs: 60_000,
      maxStartFailureRate: 1,
    })
    workers.recovered([])
    workers.declare(1, [])
    driver.requests[0]!.refuse()
    await settle()
    driver.requests[1]!.refuse()
    await settle()
    workers.declare(1, [])
    t.equal(driver.requests.length, 2, 'none is under way for a while')
    t.equal(workers.hindrance, 'a TaskManager could not be started: no room')
    workers.declare(0, [])
    t.equal(workers.hindrance, undefined)
    workers.declare(1, [])
    await advance(clock, 3_000)
    await grant(2, 'silent')
    await advance(clock, 60_000)
    t.equal(
      workers.hindrance,
      'a TaskManager could not be started: it did not register within 60000 ms (resourcemanager.taskmanager-registration.timeout)',
    )
    workers.close()
  },
)

t.test('ActiveWorkers.end takes requests back without a word, and requests none', async (t) => {
  const { clock, driver, workers, gone, warnings, grant } = setUp({ maxStartFailureRate: 1 })
  workers.recovered([])
  workers.declare(3, [])
  await grant(0, 'runs')
  workers.registered('runs')
  workers.end()
  t.same(
    driver.requests.map(({ aborted }) => aborted),
    [false, true, true],
  )
  for (const request of driver.requests.slice(1)) request.refuse()
  await settle()
  workers.terminated('runs', 'the cluster ends')
  workers.declare(5, [])
  await advance(clock, 60_000)
  t.equal(driver.requests.length, 3)
  t.same([warnings, gone], [[], ['runs']])
  workers.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('SlotManager tells jobs what hinders workers, and that nothing does any more', async (t) => {
  const { manager, check, short, told } = slotManager({})
  manager.processRequirements('job', [{ numberOfRequiredSlots: 1 }])
  await check()
  t.same(short, [])
  told.hindrance = 'no offers came'
  manager.triggerCheck()
  await check()
  t.same(short, ['no offers came'])
  told.hindrance = undefined
  manager.triggerCheck()
  await check()
  manager.triggerCheck()
  await check()
  t.same(short, ['no offers came', '-'])
  manager.tellAgain('job')
  await check()
  manager.triggerCheck()
  await check()
  t.same(short.slice(2), ['-'], 'a job that has not heard it hears it again')
  manager.clear()
})

t.test('ActiveWorkers names blocked machines with each request', async (t) => {
  const { driver, workers } = setUp()
  workers.recovered([])
  workers.declare(1, [])
  t.same(driver.blocked, [['bad-node']])
  workers.close()
})

const UNBOUNDED = {
  slots: Number.POSITIVE_INFINITY,
  cpuCores: Number.POSITIVE_INFINITY,
  memoryBytes: Number.POSITIVE_INFINITY,
}
const WORKER_BYTES = memoryOf(SPEC.totalProfile)

for (const [key, bound, reason] of [
  ['cpu', { cpuCores: 5.9 }, /0 cores of at most 5.9 \(slotmanager.max-total-resource.cpu\)/],
  [
    'memory',
    { memoryBytes: 3 * WORKER_BYTES - 1 },
    /0 bytes of at most 1259 bytes \(slotmanager.max-total-resource.memory\)/,
  ],
] as const) {
  t.test(`slotmanager.max-total-resource.${key} bounds the workers`, async (t) => {
    const { manager, join, check, short } = slotManager({ max: { ...UNBOUNDED, ...bound } })
    manager.processRequirements('job', [{ numberOfRequiredSlots: 7 }])
    t.same(await check(), [2, []])
    t.match(short.at(-1), /^3 slots are missing, beside 4 slots for which workers are started; /)
    t.match(short.at(-1), reason)
    for (const id of ['a', 'b']) join(id)
    const facts = { numberOfSlots: 2, totalProfile: SPEC.totalProfile }
    t.match(manager.reasonToReject(facts), /more than slotmanager.* allow/, 'no third may join')
    manager.clear()
  })
}

for (const [key, bound] of [
  ['cpu', { cpuCores: 2.1 }],
  ['memory', { memoryBytes: WORKER_BYTES + 1 }],
] as const) {
  t.test(`slotmanager.min-total-resource.${key} keeps workers without jobs`, async (t) => {
    const min = Object.assign({ slots: 0, cpuCores: 0, memoryBytes: 0 }, bound)
    const { manager, join, check, clock } = slotManager({ min })
    manager.triggerCheck()
    t.same(await check(), [2, []])
    for (const id of ['a', 'b', 'c']) join(id)
    await check()
    await advance(clock, 200_000, 1_000)
    t.same(await check(), [2, ['a']], 'only the third may go')
    manager.clear()
  })
}

t.test('slotmanager.redundant-taskmanager-num: so many are free while jobs run', async (t) => {
  const { manager, join, clock, check } = slotManager({ redundantTaskManagers: 1 })
  manager.triggerCheck()
  t.same(await check(), [0, []], 'none without jobs')
  manager.processRequirements('job', [{ numberOfRequiredSlots: 2 }])
  t.same(await check(), [2, []])
  for (const id of ['a', 'b']) join(id)
  await check()
  await advance(clock, 200_000, 1_000)
  t.same(await check(), [2, []], 'the spare one is not idle for too long')
  manager.unregisterTaskManager('a')
  t.same(await check(), [2, []], 'it takes over, and another one is asked for')
  t.equal(manager.numberOfFreeSlots, 0)
  manager.clear()
})

t.test(
  'SlotManager declares the workers that free slots do not replace, within the limits',
  async (t) => {
    const { manager, join, check, short } = slotManager({
      max: { slots: 6, cpuCores: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY },
      redundantTaskManagers: 1,
    })
    join('a')
    t.same(await check(), [1, []])
    manager.processRequirements('job', [{ numberOfRequiredSlots: 3 }])
    t.same(await check(), [3, []], 'one for the third slot, one to spare')
    t.same(short, [])
    manager.processRequirements('job', [{ numberOfRequiredSlots: 9 }])
    t.same(await check(), [3, []])
    t.match(short.at(-1), /3 slots are missing.*slotmanager.number-of-slots.max/)
    manager.processRequirements('job', [{ numberOfRequiredSlots: 2 }])
    t.same(await check(), [2, []])
    manager.clear()
  },
)

t.test(
  'resourcemanager.taskmanager-timeout: idle TaskManagers that hold nothing go, but not the minimum',
  async (t) => {
    const { manager, join, clock, check, kept } = slotManager({
      min: { slots: 2, cpuCores: 0, memoryBytes: 0 },
    })
    t.same(await check(), undefined)
    for (const id of ['a', 'b', 'c']) join(id)
    kept.add('a')
    await check()
    await advance(clock, 29_998)
    t.same(await check(), [3, []])
    await advance(clock, 10)
    t.same(await check(), [2, ['b']], 'a has results')
    manager.clear()
  },
)

t.test(
  'SlotManager keeps workers for a job without JobMaster, until it is forgotten',
  async (t) => {
    const { manager, join, clock, check, allocations, short } = slotManager({})
    for (const id of ['a', 'b']) join(id)
    manager.processRequirements('job', [{ numberOfRequiredSlots: 4 }])
    await check()
    manager.suspendRequirements('job')
    for (const { resourceId, slotNumber, allocationId } of allocations.slice(1)) {
      manager.slotAvailable(`${resourceId}-i`, resourceId, slotNumber, allocationId)
    }
    await check()
    t.equal(allocations.length, 4, 'nothing is allocated for it')
    await advance(clock, 300_000, 10_000)
    t.same(await check(), [2, []])
    manager.processRequirements('job', [{ numberOfRequiredSlots: 4 }])
    await check()
    t.equal(allocations.length, 7, 'until it requires something again')
    t.same(short, [])
    manager.suspendRequirements('job')
    for (const { resourceId, slotNumber, allocationId } of allocations.slice(-2)) {
      manager.slotAvailable(`${resourceId}-i`, resourceId, slotNumber, allocationId)
    }
    manager.processRequirements('job', [])
    await advance(clock, 300_000, 10_000)
    t.same(await check(), [1, ['b']])
    manager.clear()
  },
)

t.test(
  'SlotManager carves slots of the requested profile, and refuses what is too large',
  async (t) => {
    const { manager, join, check, allocations, short } = slotManager({ fineGrained: true })
    const half = multiplyProfile(SLOT_PROFILE, 0.5)
    join('a')
    manager.processRequirements('job', [{ profile: half, numberOfRequiredSlots: 3 }])
    t.same(await check(), [1, []])
    t.same(
      allocations.map(({ slotNumber, profile }) => [slotNumber, profile.cpuCores]),
      [
        [-1, 0.5],
        [-1, 0.5],
        [-1, 0.5],
      ],
    )
    t.equal(manager.numberOfFreeSlots, 0)
    const [first] = allocations
    manager.slotAvailable('a-i', 'a', 2, first!.allocationId)
    t.same(manager.taskManager('a')!.dynamicSlots.size, 2)
    t.equal(manager.numberOfFreeSlots, 1)
    const large = multiplyProfile(SLOT_PROFILE, 3)
    manager.processRequirements('other', [{ profile: large, numberOfRequiredSlots: 1 }])
    await check()
    t.match(
      short.at(-1),
      /1 slot with cpu 3, .* is missing, more than a worker has \(cpu 2, .*\): no number of them helps, only larger ones/,
    )
    manager.clear()
  },
)
