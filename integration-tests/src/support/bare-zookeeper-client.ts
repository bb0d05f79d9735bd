import { createRequire } from 'node:module'

/** `node-zookeeper-client` without guards, as far as tests use it to show what the guards are for; it has no types. */
export interface BareZooKeeperClient {
  on(event: 'connected' | 'disconnected' | 'expired', listener: () => void): void
  connect(): void
  close(): void
  getState(): { readonly name: string }
  getSessionId(): Buffer
  create(path: string, data: Buffer, mode: number, callback: (error: Error | null) => void): void
  getData(path: string, callback: (error: Error | null) => void): void
  transaction(): BareTransaction
  /** Private. */
  readonly connectionManager: {
    connect(): void
    readonly socket?: { destroy(): void; removeAllListeners(event: 'data'): void }
  }
}

interface BareTransaction {
  check(path: string, version: number): BareTransaction
  setData(path: string, data: Buffer, version: number): BareTransaction
  commit(callback: (error: Error | null) => void): void
}

const library = createRequire(import.meta.url)('node-zookeeper-client') as {
  createClient(connectString: string, options: { sessionTimeout: number }): BareZooKeeperClient
}

export const EPHEMERAL = 1

export function bareZooKeeperClient(
  connectString: string,
  sessionTimeoutMs: number,
): BareZooKeeperClient {
  return library.createClient(connectString, { sessionTimeout: sessionTimeoutMs })
}

/** Lets go of it, whatever it waits for: it makes no connection any more, and what it would do with an answer (throw, maybe) is nobody's. */
export function abandon(client: BareZooKeeperClient): void {
  const { connectionManager } = client
  connectionManager.connect = () => {}
  connectionManager.socket?.removeAllListeners('data')
  client.close()
  connectionManager.socket?.destroy()
}

/** The error that it answers with; undefined if it did what was asked. */
export function answerOf(
  call: (callback: (error: Error | null) => void) => void,
): Promise<Error | undefined> {
  return new Promise((resolve) => call((error) => resolve(error ?? undefined)))
}
