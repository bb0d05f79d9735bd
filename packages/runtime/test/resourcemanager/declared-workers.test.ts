import { noopLogger, SeededRandom } from '@flink-ts/core'
import t from 'tap'
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
import { advance, SLOT_PROFILE, TestWorld, WORKER_SPEC } from '../testing/control-plane.js'
import { freeSlots } from './resource-manager-under-test.js'

/** A SlotManager; which workers it declares is written down, and TaskManagers join when a test says so. */
function setUp(settings: Partial<SlotManagerSettings>) {
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
    settings: { ...DEFAULT_SLOT_MANAGER_SETTINGS, workerSpec: WORKER_SPEC, ...settings },
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
      numberOfSlots: WORKER_SPEC.numberOfSlots,
      totalProfile: WORKER_SPEC.totalProfile,
      report: freeSlots(resourceId, WORKER_SPEC.numberOfSlots),
    })
  const check = async () => {
    await advance(world.clock, 1)
    return declared.at(-1)
  }
  return { clock: world.clock, manager, join, check, allocations, short, kept, told }
}

t.test('slotmanager.redundant-taskmanager-num: so many are free while jobs run', async (t) => {
  const { manager, join, clock, check } = setUp({ redundantTaskManagers: 1 })
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
    const { manager, join, check, short } = setUp({
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
    const { manager, join, clock, check, kept } = setUp({
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
    const { manager, join, clock, check, allocations, short } = setUp({})
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

const UNBOUNDED = {
  slots: Number.POSITIVE_INFINITY,
  cpuCores: Number.POSITIVE_INFINITY,
  memoryBytes: Number.POSITIVE_INFINITY,
}
const WORKER_BYTES = memoryOf(WORKER_SPEC.totalProfile)

for (const [key, bound, reason] of [
  ['cpu', { cpuCores: 5.9 }, /0 cores of at most 5.9 \(slotmanager.max-total-resource.cpu\)/],
  [
    'memory',
    { memoryBytes: 3 * WORKER_BYTES - 1 },
    /0 bytes of at most 1259 bytes \(slotmanager.max-total-resource.memory\)/,
  ],
] as const) {
  t.test(`slotmanager.max-total-resource.${key} bounds the workers`, async (t) => {
    const { manager, join, check, short } = setUp({ max: { ...UNBOUNDED, ...bound } })
    manager.processRequirements('job', [{ numberOfRequiredSlots: 7 }])
    t.same(await check(), [2, []])
    t.match(short.at(-1), /^3 slots are missing, beside 4 slots for which workers are started; /)
    t.match(short.at(-1), reason)
    for (const id of ['a', 'b']) join(id)
    const facts = { numberOfSlots: 2, totalProfile: WORKER_SPEC.totalProfile }
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
    const { manager, join, check, clock } = setUp({ min })
    manager.triggerCheck()
    t.same(await check(), [2, []])
    for (const id of ['a', 'b', 'c']) join(id)
    await check()
    await advance(clock, 200_000, 1_000)
    t.same(await check(), [2, ['a']], 'only the third may go')
    manager.clear()
  })
}

t.test(
  'SlotManager carves slots of the requested profile, and refuses what is too large',
  async (t) => {
    const { manager, join, check, allocations, short } = setUp({ fineGrained: true })
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

t.test('SlotManager tells jobs what hinders workers, and that nothing does any more', async (t) => {
  const { manager, check, short, told } = setUp({})
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
