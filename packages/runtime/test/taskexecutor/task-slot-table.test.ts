import { noopLogger } from '@flink-ts/core'
import t from 'tap'
import { multiplyProfile } from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import { TaskSlot } from '../../dist/taskexecutor/slot/task-slot.js'
import {
  TASK_SLOT_TRANSITIONS,
  type TaskSlotState,
} from '../../dist/taskexecutor/slot/task-slot-state.js'
import { DYNAMIC_SLOT_NUMBER, TaskSlotTable } from '../../dist/taskexecutor/slot/task-slot-table.js'
import { advance, SLOT_PROFILE, TestWorld } from '../testing/control-plane.js'

function setUp(numberOfSlots = 2) {
  const world = new TestWorld()
  const timedOut: string[] = []
  const freed: number[] = []
  const table = new TaskSlotTable({
    resourceId: 'tm1',
    numberOfSlots,
    slotProfile: SLOT_PROFILE,
    totalProfile: multiplyProfile(SLOT_PROFILE, numberOfSlots),
    slotTimeoutMs: 10_000,
    mainThread: world.mainThread('slots'),
    log: noopLogger,
    onTimeout: (allocationId) => void timedOut.push(allocationId),
    onFreed: ({ slotNumber }) => void freed.push(slotNumber),
  })
  return { world, table, timedOut, freed }
}

t.test('TASK_SLOT_TRANSITIONS are the only ones that a slot makes', async (t) => {
  const paths: Record<TaskSlotState, TaskSlotState[]> = {
    ALLOCATED: [],
    ACTIVE: ['ACTIVE'],
    RELEASING: ['RELEASING'],
  }
  const states: TaskSlotState[] = ['ALLOCATED', 'ACTIVE', 'RELEASING']
  for (const from of states) {
    for (const to of states) {
      const slot = new TaskSlot({
        slotNumber: 0,
        jobId: 'job',
        allocationId: 'a',
        profile: SLOT_PROFILE,
      })
      for (const state of paths[from]) slot.transitionTo(state)
      if (TASK_SLOT_TRANSITIONS[from].includes(to)) {
        slot.transitionTo(to)
        t.equal(slot.state, to)
      } else {
        t.throws(() => slot.transitionTo(to), { code: 'ERR_ASSERTION' }, `${from} -> ${to}`)
      }
    }
  }
})

t.test('TaskSlotTable.allocate takes a repeated request for the same one', async (t) => {
  const { table } = setUp()
  table.allocate(0, 'job', 'a')
  table.allocate(0, 'job', 'a')
  t.equal(table.slotsOf('job').length, 1)
})

t.test(
  'TaskSlotTable.allocate refuses slots that are taken or not there, and allocations used twice',
  async (t) => {
    const { table } = setUp()
    table.allocate(0, 'job', 'a')
    const refused = { code: 'FLINK_SLOT_NOT_AVAILABLE' }
    t.throws(() => table.allocate(0, 'other', 'b'), {
      ...refused,
      message: /job job holds it as a/,
    })
    t.throws(() => table.allocate(0, 'other', 'a'), refused)
    t.throws(() => table.allocate(1, 'job', 'a'), refused)
    for (const slotNumber of [-2, 2, 0.5]) {
      t.throws(() => table.allocate(slotNumber, 'job', 'c'), { ...refused, message: /from 0 to 1/ })
    }
  },
)

t.test('TaskSlotTable times out a slot that no JobMaster accepts', async (t) => {
  const { world, table, timedOut } = setUp()
  table.allocate(0, 'job', 'a')
  table.allocate(1, 'job', 'b')
  t.ok(table.markActive('b'))
  await advance(world.clock, 9_999)
  t.same(timedOut, [])
  await advance(world.clock, 1)
  t.same(timedOut, ['a'])
  table.markInactive('b')
  await advance(world.clock, 10_000)
  t.same(timedOut, ['a', 'b'], 'again ALLOCATED, it must be accepted again')
})

t.test('TaskSlotTable.free waits for the last task of the slot', async (t) => {
  const { world, table, freed } = setUp()
  table.allocate(0, 'job', 'a')
  table.markActive('a')
  table.addTask('a', 'task1')
  table.addTask('a', 'task2')
  table.free('a')
  table.removeTask('a', 'task1')
  t.same(freed, [])
  t.notOk(table.markActive('a'), 'a slot that is released cannot become active')
  t.throws(() => table.allocate(0, 'next', 'b'), { code: 'FLINK_SLOT_NOT_AVAILABLE' })
  table.removeTask('a', 'task2')
  t.same(freed, [0])
  table.free('a')
  t.same(freed, [0], 'unknown allocations are ignored')
  table.allocate(0, 'next', 'b')
  table.free('b')
  t.same(freed, [0, 0])
  t.equal(world.clock.pendingTimers, 0)
})

t.test('TaskSlotTable.report lists free and taken slots', async (t) => {
  const { table } = setUp()
  table.allocate(1, 'job', 'a')
  table.addTask('a', 'task1')
  t.same(table.report().slots, [
    { slotId: { resourceId: 'tm1', slotNumber: 0 }, profile: SLOT_PROFILE, assignedTasks: 0 },
    {
      slotId: { resourceId: 'tm1', slotNumber: 1 },
      profile: SLOT_PROFILE,
      allocationId: 'a',
      jobId: 'job',
      assignedTasks: 1,
    },
  ])
})

t.test(
  'TaskSlotTable carves dynamic slots of the requested profile out of what is free',
  async (t) => {
    const { table, freed } = setUp(3)
    const half = multiplyProfile(SLOT_PROFILE, 0.5)
    table.allocate(0, 'job', 'numbered')
    table.allocate(DYNAMIC_SLOT_NUMBER, 'job', 'a', half)
    table.allocate(DYNAMIC_SLOT_NUMBER, 'job', 'a', half)
    table.allocate(DYNAMIC_SLOT_NUMBER, 'job', 'b')
    t.same(
      table
        .offersFor('job')
        .map(({ allocationId, slotIndex, profile }) => [
          allocationId,
          slotIndex,
          profile.taskHeapBytes,
        ]),
      [
        ['numbered', 0, 100],
        ['a', 3, 50],
        ['b', 4, 100],
      ],
      'indexes from the number of slots on; without a profile, that of a numbered slot',
    )
    t.throws(() => table.allocate(DYNAMIC_SLOT_NUMBER, 'job', 'c', SLOT_PROFILE), {
      code: 'FLINK_SLOT_NOT_AVAILABLE',
      message: /needs cpu 1, .*and cpu 0\.5, .* of cpu 3, .* are free/,
    })
    t.throws(
      () => table.allocate(1, 'other', 'd'),
      /are free/,
      'a numbered slot has its share only',
    )
    t.throws(() => table.allocate(DYNAMIC_SLOT_NUMBER, 'other', 'a', half), 'of another job')
    t.same(
      table.report().slots.map(({ slotId, allocationId }) => [slotId.slotNumber, allocationId]),
      [
        [0, 'numbered'],
        [1, undefined],
        [2, undefined],
        [3, 'a'],
        [4, 'b'],
      ],
    )
    table.free('a')
    t.same(freed, [3])
    table.allocate(1, 'other', 'd')
    for (const allocationId of ['numbered', 'b', 'd']) table.free(allocationId)
    t.ok(table.isEmpty)
  },
)
