import { type AllocationId, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { SlotPool, type SlotPoolOptions } from '../../dist/jobmaster/slotpool/slot-pool.js'
import type { ResourceProfile } from '../../dist/messages/messages.generated.js'
import { multiplyProfile } from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import { location, SLOT_PROFILE } from '../testing/control-plane.js'

function setUp(options: Pick<SlotPoolOptions, 'fineGrained' | 'profiles' | 'balanceTasks'> = {}) {
  const clock = new ManualClock()
  const freed: string[] = []
  const pool = new SlotPool({
    log: noopLogger,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
    idleTimeoutMs: 50_000,
    onRequirementChanged: () => {},
    freeSlot: ({ allocationId }) => freed.push(allocationId),
    ...options,
  })
  const granted: Record<string, string> = {}
  return {
    clock,
    pool,
    freed,
    granted,
    offer: (resourceId: string, ...ids: string[]) =>
      pool.offerSlots(
        location(resourceId),
        ids.map((allocationId, slotIndex) => ({ allocationId, slotIndex, profile: SLOT_PROFILE })),
      ),
    offerOf: (profile: ResourceProfile, allocationId: string) =>
      pool.offerSlots(location('tm1'), [{ allocationId, slotIndex: 7, profile }]),
    request: (
      name: string,
      wish: {
        previous?: string
        taskManagers?: string[]
        profile?: ResourceProfile
        tasks?: number
      } = {},
    ) => {
      const { previous, taskManagers, profile, tasks = 1 } = wish
      return pool.requestSlot(
        ({ allocationId }) => {
          granted[name] = allocationId
        },
        {
          ...(previous === undefined ? {} : { previous: previous as AllocationId }),
          ...(taskManagers === undefined ? {} : { taskManagers }),
          ...(profile === undefined ? {} : { profile }),
          tasks,
        },
      )
    },
  }
}

const ids = (...names: string[]) => names as AllocationId[]

t.test('SlotPool grants the slot of the earlier attempt, free now or later', async (t) => {
  const { pool, offer, request, granted } = setUp()
  request('x')
  request('y')
  offer('tm1', 'a', 'b')
  t.strictSame(granted, { x: 'a', y: 'b' })
  pool.releaseSlot(ids('b')[0]!)
  pool.releaseSlot(ids('a')[0]!)
  request('again', { previous: 'a' })
  t.equal(granted['again'], 'a', 'though b has been free for longer')
  request('other', { previous: 'b' })
  request('oldest')
  request('later', { previous: 'a' })
  t.equal(granted['other'], 'b')
  pool.releaseSlot(ids('a')[0]!)
  t.equal(granted['later'], 'a', 'before an older wish for any slot')
  t.notOk('oldest' in granted)
})

t.test(
  'SlotPool prefers TaskManagers where inputs lie, for free slots and for new ones',
  async (t) => {
    const { pool, offer, request, granted } = setUp()
    for (const name of ['1', '2', '3']) request(name)
    offer('tm1', 'a')
    offer('tm2', 'b', 'c')
    for (const id of ids('a', 'b', 'c')) pool.releaseSlot(id)
    request('near tm2', { taskManagers: ['tm9', 'tm2'] })
    t.equal(granted['near tm2'], 'b')
    request('p')
    request('q')
    t.strictSame([granted['p'], granted['q']], ['a', 'c'])
    request('anywhere')
    request('near tm3', { taskManagers: ['tm3'] })
    offer('tm3', 'd')
    t.equal(granted['near tm3'], 'd', 'before an older wish')
    offer('tm3', 'e')
    t.equal(granted['anywhere'], 'e', 'a wish that prefers nothing takes what there is')
  },
)

t.test('SlotPool holds slots back for the attempts that ran there', async (t) => {
  const { pool, offer, request, granted, clock } = setUp()
  request('x')
  request('y')
  offer('tm1', 'a', 'b')
  pool.holdBack(ids('a', 'b'))
  for (const id of ids('a', 'b')) pool.releaseSlot(id)
  request('stranger')
  t.notOk('stranger' in granted, 'waits for another slot')
  request('own', { previous: 'b' })
  t.equal(granted['own'], 'b')
  pool.yieldBack(ids('a', 'b'))
  t.equal(granted['stranger'], 'a', 'nobody came for it')
  pool.releaseAll('end')
  t.equal(clock.pendingTimers, 0)
})

t.test('SlotPool gives a slot back after slot.idle.timeout, not while it is used', async (t) => {
  const { pool, offer, request, freed, clock } = setUp()
  request('x')
  offer('tm1', 'a')
  clock.advance(100_000)
  pool.releaseSlot(ids('a')[0]!)
  clock.advance(49_999)
  t.strictSame(freed, [])
  const used = request('y')
  clock.advance(100_000)
  t.strictSame(freed, [], 'used again in time')
  used.cancel()
  pool.releaseSlot(ids('a')[0]!)
  clock.advance(50_000)
  t.strictSame(freed, ['a'])
  t.equal(pool.availableSlots, 0)
  t.equal(clock.pendingTimers, 0)
})

t.test('SlotPool refuses what the job does not need and takes a repeated offer', async (t) => {
  const { offer, request, pool } = setUp()
  t.strictSame(offer('tm1', 'a'), [])
  request('x')
  t.strictSame(offer('tm1', 'a', 'b'), ['a'])
  t.strictSame(offer('tm1', 'a'), ['a'])
  t.strictSame(offer('tm2', 'a'), [], 'the same id from elsewhere')
  t.equal(pool.removeTaskManager('tm1').length, 1)
  t.strictSame(pool.slotsOf('tm1'), [])
})

t.test('SlotPool grants slots of a profile to wishes for exactly that profile', async (t) => {
  const small = multiplyProfile(SLOT_PROFILE, 0.5)
  const large = multiplyProfile(SLOT_PROFILE, 2)
  const { pool, offer, offerOf, request, granted } = setUp({
    fineGrained: true,
    profiles: [small, large, { ...small }],
  })
  request('any')
  request('large', { profile: { ...large } })
  request('small', { profile: { ...small } })
  t.same(pool.requirements, [
    { numberOfRequiredSlots: 1 },
    { profile: small, numberOfRequiredSlots: 1 },
    { profile: large, numberOfRequiredSlots: 1 },
  ])
  t.same(offerOf(large, 'l'), ['l'])
  t.same(offerOf({ ...large }, 'l2'), [], 'though a wish for any slot is open')
  t.same(offer('tm2', 'd'), ['d'])
  t.same(offerOf({ ...small }, 's'), ['s'])
  t.same(granted, { large: 'l', any: 'd', small: 's' })
  pool.releaseSlot(ids('s')[0]!)
  t.same(pool.requirements, [
    { numberOfRequiredSlots: 1 },
    { profile: small, numberOfRequiredSlots: 0 },
    { profile: large, numberOfRequiredSlots: 1 },
  ])
  request('any again', { previous: 's' })
  t.notOk('any again' in granted, 'that slot is for others')
  request('small again', { profile: small })
  t.equal(granted['small again'], 's')
  pool.releaseAll('end')
  t.same(pool.requirements, [])
})

t.test('SlotPool without fine-grained resources: a wish takes any slot large enough', async (t) => {
  const half = multiplyProfile(SLOT_PROFILE, 0.5)
  const { pool, offer, offerOf, request, granted } = setUp({ profiles: [half] })
  request('any')
  request('half', { profile: half })
  offer('tm1', 'a')
  t.same(granted, { half: 'a' }, 'what fits is for the particular wish first')
  offerOf(multiplyProfile(SLOT_PROFILE, 0.1), 'tiny')
  t.same(granted, { half: 'a', any: 'tiny' })
  pool.releaseAll('end')
})

t.test('SlotPool.shortage is what was said last of wishes that are open', async (t) => {
  const { pool, offer, request } = setUp()
  request('x')
  pool.notEnoughResources('none left')
  t.equal(pool.shortage, 'none left')
  offer('tm1', 'a')
  t.equal(pool.shortage, undefined)
  request('y')
  t.equal(pool.shortage, undefined, 'that was of another wish')
  pool.releaseAll('end')
})

t.test(
  'taskmanager.load-balance.mode TASKS: SlotPool gives TaskManagers equally many tasks',
  async (t) => {
    const { pool, offer, request, granted, clock } = setUp({ balanceTasks: { intervalMs: 20 } })
    for (const [name, tasks] of Object.entries({ a: 1, b: 4, c: 2, d: 3 })) request(name, { tasks })
    offer('tm1', '1', '2')
    clock.advance(19)
    t.same(granted, {}, 'others may come')
    offer('tm2', '3', '4')
    clock.advance(0)
    t.same(granted, { b: '1', d: '3', c: '4', a: '2' }, 'all have come')
    request('e', { tasks: 1 })
    request('f', { tasks: 5 })
    offer('tm2', '5')
    clock.advance(19)
    t.notOk('f' in granted)
    clock.advance(1)
    t.equal(granted['f'], '5', 'the larger one, though another slot did not come')
    pool.releaseSlot(ids('4')[0]!)
    clock.advance(20)
    t.equal(granted['e'], '4')
    pool.releaseSlot(ids('1')[0]!)
    request('again', { previous: '1' })
    t.equal(granted['again'], '1', 'the slot of an earlier attempt at once')
    pool.releaseAll('end')
    t.equal(clock.pendingTimers, 0)
  },
)
