import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface FakeRequest {
  readonly method: string
  /** With the query. */
  readonly url: string
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

export interface FakeAnswer {
  readonly status?: number
  readonly body: unknown
}

/**
 * Something that speaks REST as a JobManager does: answers with what `answer` says; what it says nothing about is
 * not found.
 */
export async function startFakeRestServer(
  t: Test,
  answer: (request: FakeRequest) => FakeAnswer | undefined,
): Promise<{ address: string; requests: FakeRequest[] }> {
  const requests: FakeRequest[] = []
  const server = createServer((message, response) => {
    void bodyOf(message).then((body) => {
      const { method, url, headers } = message
      const request = { method: method!, url: url!, body, headers }
      requests.push(request)
      const { status = 200, body: json } = answer(request) ?? {
        status: 404,
        body: { errors: ['Not found'] },
      }
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof json === 'string' ? json : JSON.stringify(json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** A port of this machine on which nobody listens now. */
export async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
