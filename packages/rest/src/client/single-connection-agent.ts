import { Agent, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'

/** Its requests share one connection, one after the other; when that is gone they fail: no other takes its place. */
export class SingleConnectionAgent extends Agent {
  #isConnected = false

  constructor() {
    super({ keepAlive: true, maxSockets: 1 })
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    if (!this.#isConnected) {
      this.#isConnected = true
      return super.createConnection(options, callback)
    }
    const error = Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' })
    // Nothing is read of the second where there is the first.
    callback?.(error, undefined as unknown as Duplex)
    return undefined
  }
}
