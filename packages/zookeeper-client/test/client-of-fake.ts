import type { Clock, LogFields, Logger } from '@flink-ts/core'
import { noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  NodeZooKeeperClient,
  type ZooKeeperClientOptions,
  ZooKeeperError,
} from '@flink-ts/zookeeper-client'
import type { Test } from 'tap'
import { FakeZooKeeperServer } from './fake-zookeeper-server.js'

/** A clock whose process can have been stopped: time has passed, and no timer has run yet. */
export class StoppableClock extends ManualClock {
  #stoppedMs = 0

  stopFor(ms: number): void {
    this.#stoppedMs += ms
  }

  override monotonicNow(): number {
    return super.monotonicNow() + this.#stoppedMs
  }
}

/** Real sockets need some turns of the event loop for what takes them no time in the test's. */
const TURNS_PER_STEP = 5

export interface ClientOfFake {
  readonly fake: FakeZooKeeperServer
  readonly client: NodeZooKeeperClient
  readonly clock: StoppableClock
  /** Types of what it told of its session. */
  readonly told: string[]
  readonly warnings: string[]
  /** Lets time pass, a little at a time so that sockets keep up, until it holds. */
  until(condition: () => boolean): Promise<void>
  /** The same of a promise. */
  after<T>(promise: Promise<T>): Promise<T>
}

/** A client of a fake server, with a session timeout of 3 s and a connection timeout of 2 s; all of it ends with the test. */
export async function clientOfFake(
  t: Test,
  options: Partial<ZooKeeperClientOptions> & { fake?: FakeZooKeeperServer } = {},
): Promise<ClientOfFake> {
  const { fake = await FakeZooKeeperServer.start(), ...rest } = options
  const clock = new StoppableClock()
  const warnings: string[] = []
  const client = new NodeZooKeeperClient({
    connectString: fake.address,
    sessionTimeoutMs: 3_000,
    connectionTimeoutMs: 2_000,
    acl: 'open',
    random: new SeededRandom(1),
    clock: clock as Clock,
    log: warningsTo(warnings),
    ...rest,
  })
  const told: string[] = []
  client.onSession(({ type }) => void told.push(type))
  const until = async (condition: () => boolean) => {
    const end = performance.now() + 20_000
    while (!condition()) {
      if (performance.now() > end) throw new Error(`It does not come to ${condition}`)
      clock.advance(10)
      for (let turn = 0; turn < TURNS_PER_STEP; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  t.teardown(async () => {
    const closed = client.close()
    await settle(closed, until)
    await fake.close()
  })
  return { fake, client, clock, told, warnings, until, after: (promise) => settle(promise, until) }
}

async function settle<T>(
  promise: Promise<T>,
  until: (condition: () => boolean) => Promise<void>,
): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  promise.then(over, over)
  await until(() => isOver)
  return promise
}

function warningsTo(warnings: string[]): Logger {
  const log: Logger = {
    ...noopLogger,
    warn: (message: string, fields?: LogFields) =>
      void warnings.push(`${message} ${JSON.stringify(fields ?? {})}`),
    child: () => log,
  }
  return log
}

/** Why it was refused; undefined if it was not. */
export function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => error.reason ?? String(error),
  )
}

/** @throws Error if it is not refused */
export async function refusalOf(promise: Promise<unknown>): Promise<ZooKeeperError> {
  const outcome = await promise.catch((error: unknown) => error)
  if (outcome instanceof ZooKeeperError) return outcome
  throw new Error(`Not refused, but ${outcome}`)
}
