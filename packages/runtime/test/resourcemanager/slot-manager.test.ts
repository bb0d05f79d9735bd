import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'
import type {
  ResourceProfile,
  ResourceRequirement,
  SlotReport,
} from '../../dist/messages/messages.generated.js'
import {
  type SlotAllocation,
  SlotManager,
} from '../../dist/resourcemanager/slotmanager/slot-manager.js'
import {
  DEFAULT_SLOT_MANAGER_SETTINGS,
  slotManagerSettings,
} from '../../dist/resourcemanager/slotmanager/slot-manager-settings.js'
import {
  SLOT_TRANSITIONS,
  type SlotState,
} from '../../dist/resourcemanager/slotmanager/slot-state.js'
import { TaskManagerSlot } from '../../dist/resourcemanager/slotmanager/task-manager-slot.js'
import { advance, SLOT_PROFILE, settle, TestWorld } from '../testing/control-plane.js'

interface Pending {
  readonly allocation: SlotAllocation
  grant(): void
  refuse(): void
}

function setUp(loadBalanceMode: 'NONE' | 'SLOTS' = 'NONE') {
  const world = new TestWorld()
  const pending: Pending[] = []
  const doubts: string[] = []
  const short: { jobId: string; acquired: number; missing: number }[] = []
  const sum = (list: readonly ResourceRequirement[]) =>
    list.reduce((total, { numberOfRequiredSlots }) => total + numberOfRequiredSlots, 0)
  const slotManager = new SlotManager({
    mainThread: world.mainThread('slot manager'),
    log: noopLogger,
    random: new SeededRandom(1),
    clock: world.clock,
    settings: { ...DEFAULT_SLOT_MANAGER_SETTINGS, requirementCheckDelayMs: 50, loadBalanceMode },
    allocateSlot: (allocation) =>
      new Promise<void>((resolve, reject) => {
        pending.push({ allocation, grant: resolve, refuse: () => reject(new Error('refused')) })
      }),
    onDoubt: (resourceId) => void doubts.push(resourceId),
    onNotEnoughResources: (jobId, acquired, missing) =>
      void short.push({ jobId, acquired: sum(acquired), missing: sum(missing) }),
  })
  const check = () => advance(world.clock, 50)
  return { world, slotManager, pending, doubts, short, check }
}

type Taken = Readonly<Record<number, { jobId: string; allocationId: string }>>

function report(
  resourceId: string,
  numberOfSlots: number,
  taken: Taken = {},
  profile: ResourceProfile = SLOT_PROFILE,
): SlotReport {
  return {
    slots: Array.from({ length: numberOfSlots }, (_, slotNumber) => ({
      slotId: { resourceId, slotNumber },
      profile,
      assignedTasks: 0,
      ...taken[slotNumber],
    })),
  }
}

function register(slotManager: SlotManager, resourceId: string, slots: number, taken: Taken = {}) {
  const instanceId = `${resourceId}-instance`
  slotManager.registerTaskManager({
    resourceId,
    instanceId,
    report: report(resourceId, slots, taken),
  })
}

function need(count: number, profile?: ResourceProfile): ResourceRequirement[] {
  return [{ numberOfRequiredSlots: count, ...(profile ? { profile } : {}) }]
}

const where = ({ allocation }: Pending) => `${allocation.resourceId}/${allocation.slotNumber}`

t.test('SLOT_TRANSITIONS are the only ones that a slot makes', async (t) => {
  const states: SlotState[] = ['FREE', 'PENDING', 'ALLOCATED']
  const owner = { jobId: 'job', allocationId: 'a' }
  const slotIn = (state: SlotState) => {
    const slot = new TaskManagerSlot({
      resourceId: 'tm',
      slotNumber: 0,
      profile: SLOT_PROFILE,
      log: noopLogger,
    })
    if (state !== 'FREE') slot.transitionTo(state, owner, 1)
    return slot
  }
  for (const from of states) {
    for (const to of states) {
      const move = () => {
        const slot = slotIn(from)
        if (to === 'FREE') slot.free(2)
        else slot.transitionTo(to, owner, 2)
        t.equal(slot.state, to)
      }
      if (SLOT_TRANSITIONS[from].includes(to)) move()
      else t.throws(move, { code: 'ERR_ASSERTION' }, `${from} -> ${to}`)
    }
  }
})

t.test(
  'SlotManager collects changes for the check delay and fills TaskManagers in order',
  async (t) => {
    const { world, slotManager, pending } = setUp()
    register(slotManager, 'tm1', 2)
    register(slotManager, 'tm2', 2)
    slotManager.processRequirements('job', need(3))
    await advance(world.clock, 49)
    t.equal(pending.length, 0)
    await advance(world.clock, 1)
    t.same(pending.map(where), ['tm1/0', 'tm1/1', 'tm2/0'])
    t.equal(slotManager.numberOfFreeSlots, 1)
  },
)

t.test(
  'taskmanager.load-balance.mode SLOTS: SlotManager spreads over the TaskManagers',
  async (t) => {
    const { slotManager, pending, check } = setUp('SLOTS')
    register(slotManager, 'tm1', 2)
    register(slotManager, 'tm2', 2)
    slotManager.processRequirements('job', need(3))
    await check()
    t.same(pending.map(where), ['tm1/0', 'tm2/0', 'tm1/1'])
  },
)

t.test('slotManagerSettings: how TaskManagers are chosen, bounds, spare ones', async (t) => {
  const settings = (values: Record<string, string>) =>
    slotManagerSettings(Configuration.fromMap(values))
  t.same(settings({}), { ...DEFAULT_SLOT_MANAGER_SETTINGS })
  const spread = { 'cluster.evenly-spread-out-slots': 'true' }
  t.equal(settings(spread).loadBalanceMode, 'SLOTS')
  for (const mode of ['NONE', 'SLOTS', 'TASKS']) {
    const own = { ...spread, 'taskmanager.load-balance.mode': mode }
    t.equal(settings(own).loadBalanceMode, mode, 'the new key wins')
  }
  t.match(
    settings({
      'slotmanager.number-of-slots.max': '9',
      'slotmanager.max-total-resource.cpu': '4.5',
      'slotmanager.max-total-resource.memory': '1 gb',
      'slotmanager.number-of-slots.min': '3',
      'slotmanager.min-total-resource.cpu': '1.5',
      'slotmanager.min-total-resource.memory': '1 mb',
      'slotmanager.redundant-taskmanager-num': '2',
      'resourcemanager.taskmanager-timeout': '5 s',
      'cluster.fine-grained-resource-management.enabled': 'true',
    }),
    {
      max: { slots: 9, cpuCores: 4.5, memoryBytes: 2 ** 30 },
      min: { slots: 3, cpuCores: 1.5, memoryBytes: 2 ** 20 },
      redundantTaskManagers: 2,
      taskManagerTimeoutMs: 5_000,
      fineGrained: true,
    },
  )
})

t.test('SlotManager asks for nothing twice while requests are pending', async (t) => {
  const { slotManager, pending, check } = setUp()
  register(slotManager, 'tm1', 4)
  slotManager.processRequirements('job', need(2))
  await check()
  slotManager.processRequirements('job', need(2))
  await check()
  t.equal(pending.length, 2)
  for (const request of pending) request.grant()
  await settle()
  slotManager.triggerCheck()
  await check()
  t.equal(pending.length, 2)
})

t.test('SlotManager says what is missing, and serves it when a TaskManager joins', async (t) => {
  const { slotManager, pending, short, check } = setUp()
  register(slotManager, 'tm1', 1)
  slotManager.processRequirements('job', need(3))
  await check()
  t.same(short, [{ jobId: 'job', acquired: 1, missing: 2 }])
  register(slotManager, 'tm2', 2)
  await check()
  t.same(pending.map(where), ['tm1/0', 'tm2/0', 'tm2/1'])
  t.equal(short.length, 1)
})

t.test(
  'SlotManager tries a refused request elsewhere, and the same slot again only later',
  async (t) => {
    const { world, slotManager, pending, doubts, check } = setUp()
    register(slotManager, 'tm1', 1)
    register(slotManager, 'tm2', 1)
    slotManager.processRequirements('job', need(1))
    await check()
    pending[0]!.refuse()
    await check()
    t.same(pending.map(where), ['tm1/0', 'tm2/0'])
    pending[1]!.refuse()
    await check()
    t.equal(pending.length, 2, 'both are suspect')
    t.same(doubts, ['tm1', 'tm2'], 'their reports are asked for')
    await advance(world.clock, 1_100, 50)
    t.same(pending.map(where), ['tm1/0', 'tm2/0', 'tm1/0'])
  },
)

t.test('SlotManager loses the slots of a lost TaskManager and asks for others', async (t) => {
  const { slotManager, pending, check } = setUp()
  register(slotManager, 'tm1', 2)
  slotManager.processRequirements('job', need(2))
  await check()
  pending[0]!.grant()
  await settle()
  slotManager.unregisterTaskManager('tm1')
  pending[1]!.grant()
  await settle()
  t.equal(slotManager.numberOfSlots, 0)
  register(slotManager, 'tm2', 2)
  await check()
  t.same(pending.slice(2).map(where), ['tm2/0', 'tm2/1'])
})

t.test('SlotManager counts slots that a TaskManager brings along for its job', async (t) => {
  const { slotManager, pending, short, check } = setUp()
  slotManager.processRequirements('job', need(2))
  register(slotManager, 'tm1', 3, { 1: { jobId: 'job', allocationId: 'old' } })
  await check()
  t.same(pending.map(where), ['tm1/0'])
  t.same(short, [])
})

t.test(
  'SlotManager.slotAvailable frees a slot only for its own allocation and registration',
  async (t) => {
    const { slotManager, pending, check } = setUp()
    register(slotManager, 'tm1', 1)
    slotManager.processRequirements('job', need(1))
    await check()
    pending[0]!.grant()
    await settle()
    const { allocationId } = pending[0]!.allocation
    slotManager.processRequirements('job', [])
    slotManager.slotAvailable('tm1-instance', 'tm1', 0, 'other')
    slotManager.slotAvailable('other-instance', 'tm1', 0, allocationId)
    t.equal(slotManager.numberOfFreeSlots, 0)
    slotManager.slotAvailable('tm1-instance', 'tm1', 0, allocationId)
    slotManager.slotAvailable('tm1-instance', 'tm1', 0, allocationId)
    t.equal(slotManager.numberOfFreeSlots, 1)
  },
)

t.test(
  'SlotManager.applySlotReport corrects what is known, but not what changed since',
  async (t) => {
    const { slotManager, pending, check } = setUp()
    register(slotManager, 'tm1', 2)
    const askedBefore = slotManager.logicalTime
    slotManager.processRequirements('job', need(1))
    await check()
    pending[0]!.grant()
    await settle()
    slotManager.applySlotReport('tm1', 'tm1-instance', report('tm1', 2), askedBefore)
    t.equal(slotManager.numberOfFreeSlots, 1, 'the old report says nothing of the granted slot')
    const other = { 1: { jobId: 'other', allocationId: 'x' } }
    slotManager.applySlotReport(
      'tm1',
      'old-instance',
      report('tm1', 2, other),
      slotManager.logicalTime,
    )
    t.equal(slotManager.numberOfFreeSlots, 1, 'nor does that of another registration')
    slotManager.applySlotReport(
      'tm1',
      'tm1-instance',
      report('tm1', 2, other),
      slotManager.logicalTime,
    )
    t.equal(slotManager.taskManager('tm1')!.slots.get(0)!.state, 'FREE')
    t.same(slotManager.taskManager('tm1')!.slots.get(1)!.owner, other[1])
  },
)

t.test(
  'SlotManager leaves a pending slot to the answer of its request, whatever a report says',
  async (t) => {
    const { slotManager, pending, check } = setUp()
    register(slotManager, 'tm1', 1)
    slotManager.processRequirements('job', need(1))
    await check()
    const before = report('tm1', 1, { 0: { jobId: 'other', allocationId: 'ended' } })
    slotManager.applySlotReport('tm1', 'tm1-instance', before, slotManager.logicalTime)
    pending[0]!.grant()
    await settle()
    const slot = slotManager.taskManager('tm1')!.slots.get(0)!
    t.same([slot.state, slot.owner?.jobId], ['ALLOCATED', 'job'])
  },
)

t.test('SlotManager gives particular requirements only slots that fit', async (t) => {
  const { slotManager, pending, short, check } = setUp()
  const large = { ...SLOT_PROFILE, managedBytes: 1000, extendedResources: { gpu: 1 } }
  register(slotManager, 'small', 2)
  slotManager.processRequirements('job', [...need(1), ...need(1, large)])
  await check()
  t.same(pending.map(where), ['small/0'])
  t.same(short, [{ jobId: 'job', acquired: 1, missing: 1 }])
  slotManager.registerTaskManager({
    resourceId: 'large',
    instanceId: 'l',
    report: report('large', 1, {}, large),
  })
  await check()
  t.same(pending.map(where), ['small/0', 'large/0'])
})

t.test('SlotManager.clear forgets all, leaves no timer, and can be used again', async (t) => {
  const { world, slotManager, pending, check } = setUp()
  register(slotManager, 'tm1', 1)
  slotManager.processRequirements('job', need(1))
  await check()
  pending[0]!.refuse()
  await settle()
  slotManager.clear()
  t.equal(world.clock.pendingTimers, 0)
  t.equal(slotManager.numberOfSlots, 0)
  register(slotManager, 'tm2', 1)
  slotManager.processRequirements('job', need(1))
  await check()
  t.same(pending.slice(1).map(where), ['tm2/0'])
})

type Step =
  | { type: 'declare'; job: number; count: number }
  | { type: 'join'; tm: number; slots: number }
  | { type: 'lose'; tm: number }
  | { type: 'answer'; index: number; grants: boolean }
  | { type: 'free'; index: number }
  | { type: 'heartbeat'; tm: number }
  | { type: 'check' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('declare' as const),
    job: fc.nat(2),
    count: fc.nat(4),
  }),
  fc.record({
    type: fc.constant('join' as const),
    tm: fc.nat(2),
    slots: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ type: fc.constant('lose' as const), tm: fc.nat(2) }),
  fc.record({ type: fc.constant('answer' as const), index: fc.nat(10), grants: fc.boolean() }),
  fc.record({ type: fc.constant('free' as const), index: fc.nat(10) }),
  fc.record({ type: fc.constant('heartbeat' as const), tm: fc.nat(2) }),
  fc.constant({ type: 'check' as const }),
)

/** The TaskManagers' own tables, and what jobs declared: the truth that the SlotManager follows. */
class Model {
  readonly required = new Map<string, number>()
  readonly slots = new Map<string, (string | undefined)[]>()
  instance = 0
  readonly instances = new Map<string, string>()

  heldBy(jobId: string): number {
    return [...this.slots.values()].flat().filter((owner) => owner?.startsWith(`${jobId} `)).length
  }

  report(resourceId: string): SlotReport {
    const slots = this.slots.get(resourceId)!
    const taken: Record<number, { jobId: string; allocationId: string }> = {}
    slots.forEach((owner, slotNumber) => {
      const [jobId, allocationId] = owner?.split(' ') ?? []
      if (jobId && allocationId) taken[slotNumber] = { jobId, allocationId }
    })
    return report(resourceId, slots.length, taken)
  }
}

t.test(
  'SlotManager follows the TaskManagers and satisfies jobs whenever slots suffice',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const { world, slotManager, pending, check } = setUp()
        const model = new Model()
        const answer = async (request: Pending, grants: boolean) => {
          const { resourceId, instanceId, slotNumber, jobId, allocationId } = request.allocation
          const slots = model.slots.get(resourceId)
          const isSame = model.instances.get(resourceId) === instanceId
          if (grants && isSame && slots !== undefined && slots[slotNumber] === undefined) {
            slots[slotNumber] = `${jobId} ${allocationId}`
            request.grant()
          } else {
            request.refuse()
          }
          await settle()
        }
        for (const action of steps) {
          if (action.type === 'declare') {
            model.required.set(`job${action.job}`, action.count)
            slotManager.processRequirements(`job${action.job}`, need(action.count))
          } else if (action.type === 'join') {
            const resourceId = `tm${action.tm}`
            const instanceId = `i${model.instance++}`
            model.slots.set(resourceId, Array(action.slots).fill(undefined))
            model.instances.set(resourceId, instanceId)
            const initial = model.report(resourceId)
            slotManager.registerTaskManager({ resourceId, instanceId, report: initial })
          } else if (action.type === 'lose') {
            model.slots.delete(`tm${action.tm}`)
            slotManager.unregisterTaskManager(`tm${action.tm}`)
          } else if (action.type === 'answer') {
            const [request] = pending.splice(action.index % (pending.length || 1), 1)
            if (request) await answer(request, action.grants)
          } else if (action.type === 'free') {
            const all = [...model.slots].flatMap(([resourceId, slots]) =>
              slots.flatMap((owner, slotNumber) =>
                owner === undefined ? [] : [{ resourceId, slotNumber, owner }],
              ),
            )
            const slot = all[action.index % (all.length || 1)]
            if (slot) {
              const { resourceId, slotNumber, owner } = slot
              model.slots.get(resourceId)![slotNumber] = undefined
              const instanceId = model.instances.get(resourceId)!
              slotManager.slotAvailable(instanceId, resourceId, slotNumber, owner.split(' ')[1]!)
            }
          } else if (action.type === 'heartbeat') {
            const resourceId = `tm${action.tm}`
            if (model.slots.has(resourceId)) {
              const instanceId = model.instances.get(resourceId)!
              const current = model.report(resourceId)
              slotManager.applySlotReport(resourceId, instanceId, current, slotManager.logicalTime)
            }
          } else {
            await check()
          }
          // A slot that is granted here is held by the same job there.
          for (const { resourceId, slots } of slotManager.taskManagers) {
            for (const slot of slots.values()) {
              if (slot.state !== 'ALLOCATED') continue
              const { jobId, allocationId } = slot.owner!
              const truth = model.slots.get(resourceId)![slot.slotNumber]
              if (truth !== `${jobId} ${allocationId}`)
                throw new Error(`${slot.slotNumber}: ${truth}`)
            }
          }
        }
        // From now on nothing fails any more: what can be satisfied is.
        for (let round = 0; round < 10; round++) {
          await advance(world.clock, 1_100, 550)
          for (const request of pending.splice(0)) await answer(request, true)
        }
        const required = [...model.required.values()].reduce((a, b) => a + b, 0)
        const held = [...model.required.keys()].map((jobId) => model.heldBy(jobId))
        const surplus = [...model.required].some(([jobId, count]) => model.heldBy(jobId) > count)
        const total = [...model.slots.values()].flat().length
        if (required <= total && !surplus) {
          const wanted = [...model.required.values()]
          if (wanted.some((count, i) => held[i]! < count)) throw new Error(`${held} of ${wanted}`)
        }
        slotManager.clear()
      }),
      { numRuns: 200 },
    )
    t.pass()
  },
)
