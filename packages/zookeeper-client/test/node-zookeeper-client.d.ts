// The library itself, for the tests that show what it does without guards.
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events'

  interface BareClient extends EventEmitter {
    connect(): void
    close(): void
    addAuthInfo(scheme: string, auth: Buffer): void
    exists(
      path: string,
      watcherOrCallback: (...values: never[]) => void,
      callback?: (error: Error | null, stat: unknown) => void,
    ): void
  }
  const library: {
    createClient(
      connectString: string,
      options?: { sessionTimeout?: number; spinDelay?: number },
    ): BareClient
  }
  export default library
}
