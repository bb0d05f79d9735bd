import { noopLogger, type ResourceId } from '@flink-ts/core'
import t from 'tap'
import {
  ActiveWorkers,
  type ActiveWorkersSettings,
  DEFAULT_ACTIVE_WORKERS_SETTINGS,
} from '../../dist/resourcemanager/active/active-workers.js'
import type {
  ResourceManagerDriver,
  WorkerHandle,
} from '../../dist/resourcemanager/resource-manager-driver.js'
import { advance, settle, TestWorld, WORKER_SPEC } from '../testing/control-plane.js'

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
    spec: WORKER_SPEC,
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

t.test('ActiveWorkers names blocked machines with each request', async (t) => {
  const { driver, workers } = setUp()
  workers.recovered([])
  workers.declare(1, [])
  t.same(driver.blocked, [['bad-node']])
  workers.close()
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
