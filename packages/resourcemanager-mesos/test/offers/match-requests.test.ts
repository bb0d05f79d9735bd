import type { MesosResource, Offer } from '@flink-ts/mesos-client'
import fc from 'fast-check'
import t from 'tap'
import { HeldOffers } from '../../dist/offers/held-offers.js'
import { matchRequests, wantedPlace } from '../../dist/offers/match-requests.js'
import { OfferPool } from '../../dist/offers/offer-pool.js'
import type { PlacedTask, PlacementRequest } from '../../dist/offers/placement.js'
import { agentResources } from '../../dist/testing/agent-spec.js'
import { offer, request } from '../support/offers.js'

const poolsOf = (offers: readonly Offer[]) => {
  const held = new HeldOffers('network')
  for (const offer of offers) held.add(offer, 0)
  return held.pools
}

/** Ids of the tasks by agent. */
const match = (offers: readonly Offer[], requests: readonly PlacementRequest[]) => {
  const { placed, unplaced } = matchRequests(poolsOf(offers), requests.map(wantedPlace))
  return {
    placed: Object.fromEntries(
      [...placed].map(([{ agentId }, there]) => [agentId, there.map(({ taskId }) => taskId)]),
    ),
    unplaced: unplaced.map(({ request }) => request.taskId),
  }
}

const cut = (offers: readonly Offer[], requests: readonly PlacementRequest[]) =>
  new OfferPool(offers, 'network').cut(requests)

t.test('matchRequests puts several tasks on one agent before it begins the next', async (t) => {
  const offers = [offer({ id: 'a', cpus: 3 }), offer({ id: 'b', cpus: 3 })]
  const { placed, unplaced } = match(
    offers,
    ['1', '2', '3', '4'].map((id) => request(id)),
  )

  t.same(
    Object.values(placed)
      .map(({ length }) => length)
      .sort(),
    [1, 3],
  )
  t.same(unplaced, [])
})

t.test('matchRequests takes the best fit by the scarcest resource', async (t) => {
  const offers = [
    offer({ id: 'large', cpus: 2, memoryMb: 65_536 }),
    offer({ id: 'small', cpus: 64, memoryMb: 4096 }),
    offer({ id: 'middle', cpus: 4, memoryMb: 8192 }),
  ]

  t.same(match(offers, [request('1', { memoryMb: 4000 })]).placed, { small: ['1'] }, 'memory')
  t.same(match(offers, [request('1', { cpus: 2, memoryMb: 1 })]).placed, { large: ['1'] }, 'cpus')
})

t.test('matchRequests gives the large ones their places first', async (t) => {
  const offers = [offer({ id: 'a', cpus: 4 }), offer({ id: 'b', cpus: 2 })]
  const requests = [
    request('s1', { cpus: 2 }),
    request('l', { cpus: 4 }),
    request('s2', { cpus: 2 }),
  ]

  t.same(match(offers, requests), { placed: { a: ['l'], b: ['s1'] }, unplaced: ['s2'] })
  t.same(match([offer({ id: 'a', cpus: 5 })], requests), {
    placed: { a: ['l'] },
    unplaced: ['s1', 's2'],
  })
})

t.test('matchRequests looks at every resource', async (t) => {
  for (const [lack, figures] of Object.entries({
    cpus: { cpus: 0.9 },
    mem: { memoryMb: 1023 },
    disk: { diskMb: 9 },
    gpus: { gpus: 1 },
    network: {},
    ports: { ports: [31_000, 31_000] as const },
  })) {
    const wanted = request('1', { diskMb: 10, gpus: 2, networkMbps: 5 })
    const network = { name: 'network', scalar: lack === 'network' ? 4 : 5 }
    const resources = [...agentResources({ gpus: 2, ...figures }), network]
    t.same(match([offer({ id: 'a', resources })], [wanted]).unplaced, ['1'], lack)
  }
  const resources = [...agentResources({ gpus: 2 }), { name: 'network', scalar: 5 }]
  const wanted = request('1', { diskMb: 10, gpus: 2, networkMbps: 5 })
  t.same(match([offer({ id: 'a', resources })], [wanted]).unplaced, [])
})

t.test('matchRequests keeps to blocked hosts, for each request its own', async (t) => {
  const offers = [offer({ id: 'a', cpus: 1 }), offer({ id: 'b', cpus: 1 })]

  t.same(match(offers, [request('1', { blockedHosts: ['host-a'] })]).placed, { b: ['1'] })
  t.same(match(offers, [request('1', { blockedHosts: ['host-a', 'host-b'] })]).unplaced, ['1'])
  t.same(
    match(offers, [request('1', { blockedHosts: ['host-a', 'host-b'] }), request('2')]).unplaced,
    ['1'],
    'what fits nowhere for one is not lost for the other',
  )
})

t.test('matchRequests keeps GPUs for those that want them, and maintenance for last', async (t) => {
  const gpu = offer({ id: 'gpu', cpus: 1, gpus: 1 })
  const soon = offer({ id: 'soon', cpus: 1, unavailableFromMs: 5 })
  const plain = offer({ id: 'plain', cpus: 1 })
  const offers = [soon, gpu, plain]

  t.same(match(offers, [request('1')]).placed, { plain: ['1'] })
  t.same(match(offers, [request('1'), request('2')]).placed, { plain: ['1'], gpu: ['2'] })
  t.same(match(offers, [request('1'), request('2'), request('3')]).unplaced, [])
  t.same(match(offers, [request('1', { gpus: 1 }), request('2')]).placed, {
    gpu: ['1'],
    plain: ['2'],
  })
})

t.test('matchRequests prefers agents of which something is reserved for the role', async (t) => {
  const reserved = offer({ id: 'reserved', cpus: 9, role: 'flink', forRole: 'flink' })
  const unreserved = offer({ id: 'unreserved', cpus: 1, forRole: 'flink' })

  t.same(match([unreserved, reserved], [request('1')]).placed, { reserved: ['1'] })
  const partly = (id: string) =>
    offer({
      id,
      forRole: 'flink',
      resources: [
        ...agentResources({ cpus: 8 }),
        ...agentResources({ cpus: 1, memoryMb: 1024, role: 'flink', ports: [1, 2] }),
      ],
    })
  t.same(
    match([partly('a'), partly('b')], [request('1'), request('2')]).placed,
    { a: ['1'], b: ['2'] },
    'what is reserved on two agents, before what is not',
  )
})

t.test('OfferPool takes what is reserved first, and pools the offers of an agent', async (t) => {
  const resources = [
    ...agentResources({ cpus: 1, memoryMb: 512, diskMb: 0, ports: [40_000, 40_000] }),
    ...agentResources({ cpus: 1.5, memoryMb: 512, diskMb: 0, ports: [1, 0], role: 'flink' }),
  ]
  const first = offer({ id: '1', agentId: 'a', forRole: 'flink', resources })
  const second = offer({ id: '2', agentId: 'a', forRole: 'flink', cpus: 0.25, memoryMb: 256 })
  const [task] = cut([first, second], [request('x', { cpus: 2.75, memoryMb: 1100 })])

  const short = (task?.resources ?? []).map(({ name, scalar, ranges, from }) => [
    name,
    scalar ?? ranges,
    'reservations' in from,
  ])
  t.same(short, [
    ['cpus', 1.5, true],
    ['cpus', 1, false],
    ['cpus', 0.25, false],
    ['mem', 512, true],
    ['mem', 512, false],
    ['mem', 76, false],
    ['ports', [{ begin: 40_000, end: 40_000 }], false],
    ['ports', [{ begin: 31_000, end: 31_000 }], false],
  ])
  t.same(task?.ports, { 'taskmanager.rpc.port': 40_000, 'taskmanager.data.port': 31_000 })
})

t.test('OfferPool takes ports behind another one, then those before it', async (t) => {
  const ranges = [
    { begin: 50, end: 51 },
    { begin: 10, end: 12 },
  ]
  const resources = [...agentResources({ ports: [1, 0] }), { name: 'ports', ranges }]
  const pool = new OfferPool([offer({ id: 'a', resources })], 'network')
  const portsOf = (keys: string[], behind?: number) => {
    const [task] = pool.cut([request('1', { portKeys: keys })], behind)
    const taken = task?.resources.find(({ name }) => name === 'ports')?.ranges
    return [Object.values(task?.ports ?? {}), taken]
  }

  t.same(portsOf(['a', 'b']), [[10, 11], [{ begin: 10, end: 11 }]])
  t.same(portsOf(['a', 'b'], 10), [[11, 12], [{ begin: 11, end: 12 }]])
  t.same(portsOf(['a', 'b', 'c', 'd'], 12)[0], [50, 51, 10, 11])
  t.same(portsOf(['a', 'b', 'c', 'd'], 12)[1], [
    { begin: 10, end: 11 },
    { begin: 50, end: 51 },
  ])
  t.same(portsOf(['a'], 51)[0], [10])
  const two = pool.cut(
    [request('1', { portKeys: ['a', 'b'] }), request('2', { portKeys: ['a', 'b'] })],
    11,
  )
  t.same(
    two.map(({ ports }) => Object.values(ports)),
    [
      [12, 50],
      [51, 10],
    ],
  )
})

t.test('OfferPool uses neither revocable nor special resources', async (t) => {
  const special = { name: 'disk', scalar: 100, isSpecial: true }
  const revocable = { name: 'cpus', scalar: 8, isRevocable: true }
  const resources = [...agentResources({ cpus: 1, diskMb: 1 }), special, revocable]
  const offers = [offer({ id: 'a', resources })]

  t.same(match(offers, [request('1', { cpus: 2 })]).unplaced, ['1'])
  t.same(match(offers, [request('1', { diskMb: 2 })]).unplaced, ['1'])
  t.same(match(offers, [request('1', { diskMb: 1 })]).unplaced, [])
})

t.test('OfferPool counts in thousandths, as Mesos does', async (t) => {
  const offers = [offer({ id: 'a', cpus: 0.3 })]
  const requests = ['1', '2', '3'].map((id) => request(id, { cpus: 0.1 }))

  t.same(match(offers, requests).unplaced, [])
  t.same(match(offers, [request('1', { cpus: 0.1 + 0.2 })]).unplaced, [])
  t.same(match(offers, [request('1', { cpus: 0.3001 })]).unplaced, ['1'], 'rounded up')
})

t.test('HeldOffers knows its offers by age, agent and sum', async (t) => {
  const held = new HeldOffers('network')
  for (const [index, id] of ['1', '2', '3'].entries()) {
    held.add(offer({ id, agentId: index < 2 ? 'a' : 'b', cpus: 2 ** index }), index)
  }
  held.add(offer({ id: '1', agentId: 'a', cpus: 64 }), 9)
  t.same([held.size, held.pools.length, held.total.cpus, held.oldestMs], [3, 2, 7000, 0])
  t.same([held.remove('1'), held.remove('1')], [true, false])
  t.same([held.size, held.pools.length, held.total.cpus, held.oldestMs], [2, 2, 6000, 1])
  t.same(
    held.takeUntil(1).map(({ id }) => id),
    ['2'],
  )
  t.equal(held.removeAgent('a'), 0)
  t.equal(held.removeAgent('b'), 1)
  t.same([held.size, held.pools.length, held.total.cpus, held.oldestMs], [0, 0, 0, undefined])
})

const HOSTS = ['a', 'b', 'c', 'd']
const resourcesArbitrary = fc.record({
  cpus: fc.integer({ min: 0, max: 40 }).map((n) => n / 10),
  memoryMb: fc.integer({ min: 0, max: 16 }).map((n) => n * 128),
  diskMb: fc.integer({ min: 0, max: 3 }),
  gpus: fc.constantFrom(0, 0, 0, 1, 2),
  ports: fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 4 }))
    .map(([from, count]): [number, number] => [from, from + count - 1]),
})
const offerArbitrary = fc.record({
  agentId: fc.constantFrom(...HOSTS),
  forRole: fc.constantFrom('flink', 'other'),
  unreserved: resourcesArbitrary,
  reserved: fc.option(resourcesArbitrary),
  unavailableFromMs: fc.option(fc.constant(7)),
})
const requestArbitrary = fc.record({
  cpus: fc.integer({ min: 1, max: 15 }).map((n) => n / 10),
  memoryMb: fc.constantFrom(0, 1, 128, 500),
  diskMb: fc.constantFrom(0, 0, 1),
  gpus: fc.constantFrom(0, 0, 1),
  portKeys: fc.constantFrom([], ['p'], ['p', 'q']),
  blockedHosts: fc.subarray(HOSTS.map((id) => `host-${id}`)),
})

t.test('matchRequests and OfferPool never give away what is not there', async () => {
  fc.assert(
    fc.property(
      fc.array(offerArbitrary, { maxLength: 12 }),
      fc.array(requestArbitrary, { maxLength: 15 }),
      fc.integer({ min: -1, max: 1300 }),
      (offerSpecs, requestSpecs, behindPort) => {
        const offers = offerSpecs.map(({ agentId, forRole, unreserved, reserved, ...rest }, i) => {
          const at = 100 * i
          // Ports are there once on each machine.
          const ports = ([begin, end]: [number, number], more: number): [number, number] => [
            at + more + begin,
            at + more + end,
          ]
          const plain = { ...unreserved, ports: ports(unreserved.ports, 0) }
          const resources = [
            ...agentResources(plain),
            ...(reserved === null
              ? []
              : agentResources({ ...reserved, ports: ports(reserved.ports, 50), role: forRole })),
          ]
          const { unavailableFromMs } = rest
          return offer({
            id: `o${i}`,
            agentId,
            forRole,
            resources,
            ...(unavailableFromMs === null ? {} : { unavailableFromMs }),
          })
        })
        const requests = requestSpecs.map((figures, index) => request(`t${index}`, figures))
        const { placed, unplaced } = matchRequests(poolsOf(offers), requests.map(wantedPlace))

        const seen = new Set<string>()
        const left = new Map(offers.map((offer) => [offer.id, amountsOf(offer)]))
        for (const [pool, there] of placed) {
          const tasks = pool.cut(there, behindPort)
          for (const [index, task] of tasks.entries()) {
            const wanted = there[index]!
            assertTrue(task.taskId === wanted.taskId && !seen.has(task.taskId), 'each task once')
            seen.add(task.taskId)
            assertTrue(!wanted.blockedHosts.has(pool.hostname), 'no blocked host')
            assertGets(task, wanted)
            for (const resource of task.resources) takeNaively(left, pool, resource)
          }
        }
        for (const { request } of unplaced) {
          assertTrue(!seen.has(request.taskId), 'placed or not')
          seen.add(request.taskId)
          // Nobody who waits could have had what is left.
          for (const pool of poolsOf(offers)) {
            if (request.blockedHosts.has(pool.hostname)) continue
            assertTrue(!fitsNaively(left, pool, request), `${request.taskId} on ${pool.hostname}`)
          }
        }
        assertTrue(seen.size === requests.length, 'none is lost')
      },
    ),
    { numRuns: 400 },
  )
})

type Amounts = Map<string, number | Set<number>>

const keyOf = (name: string, isReserved: boolean) => `${name}${isReserved ? ' reserved' : ''}`

function amountsOf({ resources }: Offer): Amounts {
  return new Map(
    resources.map((resource) => [keyOf(resource.name, resource.role !== '*'), amountOf(resource)]),
  )
}

function amountOf({ scalar, ranges }: MesosResource): number | Set<number> {
  if (scalar !== undefined) return Math.round(scalar * 1000)
  const ports = (ranges ?? []).flatMap(({ begin, end }) =>
    Array.from({ length: end - begin + 1 }, (_, index) => begin + index),
  )
  return new Set(ports)
}

/** Takes it from whichever offers of the pool have it; reserved before unreserved. */
function takeNaively(
  left: ReadonlyMap<string, Amounts>,
  pool: OfferPool,
  { name, scalar, ranges, from }: PlacedTask['resources'][number],
): void {
  const isReserved = 'reservations' in from
  const ids = pool.offers.map(({ id }) => id)
  if (scalar !== undefined) {
    if (!isReserved) {
      const unused = ids.map((id) => Number(left.get(id)?.get(keyOf(name, true)) ?? 0))
      assertTrue(
        unused.every((milli) => milli === 0),
        `reserved ${name} is used first`,
      )
    }
    let missing = Math.round(scalar * 1000)
    for (const id of ids) {
      const amounts = left.get(id)!
      const there = Number(amounts.get(keyOf(name, isReserved)) ?? 0)
      const taken = Math.min(there, missing)
      amounts.set(keyOf(name, isReserved), there - taken)
      missing -= taken
    }
    assertTrue(missing === 0, `there is so much ${name}`)
    return
  }
  for (const { begin, end } of ranges ?? []) {
    for (let port = begin; port <= end; port++) {
      const isThere = ids.some((id) => {
        const ports = left.get(id)?.get(keyOf('ports', isReserved))
        return ports instanceof Set && ports.delete(port)
      })
      assertTrue(isThere, `port ${port} is there, and once`)
    }
  }
}

function fitsNaively(
  left: ReadonlyMap<string, Amounts>,
  { offers }: OfferPool,
  { needs }: PlacementRequest,
): boolean {
  const total = (name: string) =>
    offers.reduce((sum, { id }) => {
      const of = (isReserved: boolean) => {
        const amount = left.get(id)?.get(keyOf(name, isReserved)) ?? 0
        return typeof amount === 'number' ? amount : amount.size
      }
      return sum + of(true) + of(false)
    }, 0)
  return (
    total('cpus') >= Math.round(needs.cpus * 1000) &&
    total('mem') >= needs.memoryMb * 1000 &&
    total('disk') >= needs.diskMb * 1000 &&
    total('gpus') >= needs.gpus * 1000 &&
    total('ports') >= needs.portKeys.length
  )
}

function assertGets({ resources, ports }: PlacedTask, { needs }: PlacementRequest): void {
  const total = (name: string) =>
    resources.reduce(
      (sum, r) => (r.name === name ? sum + Math.round((r.scalar ?? 0) * 1000) : sum),
      0,
    )
  assertTrue(total('cpus') === Math.round(needs.cpus * 1000), 'cpus')
  assertTrue(total('mem') === needs.memoryMb * 1000, 'memory')
  assertTrue(total('disk') === needs.diskMb * 1000, 'disk')
  assertTrue(total('gpus') === needs.gpus * 1000, 'gpus')
  const numbers = Object.values(ports)
  assertTrue(new Set(numbers).size === needs.portKeys.length, 'ports')
}

function assertTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}
