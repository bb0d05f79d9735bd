import assert from 'node:assert/strict'
import {
  type ZooKeeperClient,
  ZooKeeperError,
  type ZooKeeperErrorReason,
  type ZooKeeperSessionEvent,
} from '@flink-ts/zookeeper-client'

export interface ZooKeeperTestClientOptions {
  /** Default {@link ZooKeeperUnderTest.sessionTimeoutMs}. */
  readonly sessionTimeoutMs?: number
  readonly connectionTimeoutMs?: number
  readonly authorization?: { readonly scheme: string; readonly credentials: string }
  /** Default `open`. */
  readonly acl?: 'open' | 'creator'
}

/** An ensemble, clients of it, and what can happen to them. Whoever runs a case ends everything after it. */
export interface ZooKeeperUnderTest {
  /** A node of this case alone; it is there. */
  readonly root: string
  /** Granted by the servers without change. */
  readonly sessionTimeoutMs: number
  /** A client that is not started. */
  createClient(options?: ZooKeeperTestClientOptions): ZooKeeperClient
  /** The connection of the client breaks, and no other opens until {@link restore}. */
  cut(client: ZooKeeperClient): void
  /** Nothing passes between the client and the servers until {@link restore}; connections stand. */
  silence(client: ZooKeeperClient): void
  restore(client: ZooKeeperClient): void
  /** The servers end the session. */
  expireSession(client: ZooKeeperClient): Promise<void>
  /** No server answers anybody. */
  loseQuorum(): Promise<void>
  restoreQuorum(): Promise<void>
  /** Lets time pass until `condition` holds. @throws Error naming `what` if it takes too long */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>
}

/** One thing that every ensemble with every client promises. */
export interface ZooKeeperPromise {
  readonly promise: string
  run(test: ZooKeeperUnderTest): Promise<void>
}

/** A started client and what it has told of its session. */
export interface StartedClient {
  readonly client: ZooKeeperClient
  readonly events: ZooKeeperSessionEvent[]
  types(): string[]
}

export function startClient(
  test: ZooKeeperUnderTest,
  options?: ZooKeeperTestClientOptions,
): StartedClient {
  const client = test.createClient(options)
  const events: ZooKeeperSessionEvent[] = []
  client.onSession((event) => void events.push(event))
  client.start()
  return { client, events, types: () => events.map(({ type }) => type) }
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

export async function textAt(client: ZooKeeperClient, path: string): Promise<string> {
  const { data } = await client.getData(path)
  return Buffer.from(data).toString()
}

/** @throws AssertionError unless `action` fails for this reason */
export async function refused(
  action: Promise<unknown>,
  reason: ZooKeeperErrorReason,
  facts: { readonly path?: string; readonly operationIndex?: number } = {},
): Promise<void> {
  const outcome = await action.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert(outcome instanceof ZooKeeperError, `it fails with ${reason}, not: ${outcome}`)
  assert.equal(outcome.reason, reason, outcome.message)
  if (facts.path !== undefined) assert.equal(outcome.path, facts.path)
  if (facts.operationIndex !== undefined) {
    assert.equal(outcome.operationIndex, facts.operationIndex)
  }
}

/** `undefined` if the action succeeded. */
export function reasonOf(action: Promise<unknown>): Promise<ZooKeeperErrorReason | undefined> {
  return action.then(
    () => undefined,
    (error: unknown) => {
      assert(error instanceof ZooKeeperError, `it fails with a ZooKeeperError, not: ${error}`)
      return error.reason
    },
  )
}
