import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'

/** A call that came over a real connection. */
export interface ScriptedCall {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any part of a call
  readonly call: any
  readonly response: ServerResponse
  readonly socket: Socket
}

/** An HTTP server that answers what the test says. */
export class ScriptedMaster {
  readonly calls: ScriptedCall[] = []
  /** By default every framework is taken, and every call. */
  script: (call: ScriptedCall) => void = takeAll
  connections = 0
  readonly address: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', () => void this.connections++)
    server.on('request', (request, response) => void this.#take(request, response))
  }

  /** Listens at a port of its own until the test ends. */
  static async start(
    t: Test,
    tls?: { key: string; cert: string; ca?: string; requestCert?: boolean },
  ) {
    const server = tls === undefined ? createServer() : createSecureServer(tls)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const master = new ScriptedMaster(server)
    t.teardown(() => master.stop())
    return master
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url = '', headers, socket } = request
    const call = JSON.parse(Buffer.concat(chunks).toString())
    const scripted = { path: url, headers, call, response, socket }
    this.calls.push(scripted)
    this.script(scripted)
  }
}

export function takeAll({ call, response }: ScriptedCall): void {
  if (call.type === 'SUBSCRIBE') subscribe(response)
  else response.writeHead(202).end()
}

/** Takes the framework and leaves the stream open. */
export function subscribe(response: ServerResponse, frameworkId = 'f-1', streamId = 's-1'): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Mesos-Stream-Id': streamId })
  const subscribed = { framework_id: { value: frameworkId }, heartbeat_interval_seconds: 15 }
  response.write(record({ type: 'SUBSCRIBED', subscribed }))
  response.write(record({ type: 'HEARTBEAT' }))
}

export function record(event: object): string {
  const text = JSON.stringify(event)
  return `${Buffer.byteLength(text)}\n${text}`
}
