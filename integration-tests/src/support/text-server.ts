import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface TextServer {
  readonly port: number
  /** To all that are connected, now and later. */
  send(text: string): void
  /** Ends the connections: a job that reads from them ends. */
  end(): void
}

/** What `socketTextStream` reads from: a job that waits for its text as long as the test wants. */
export async function startTextServer(t: Test): Promise<TextServer> {
  const sockets = new Set<Socket>()
  let sent = ''
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.write(sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    send(text) {
      sent += text
      for (const socket of sockets) socket.write(text)
    },
    end() {
      for (const socket of sockets) socket.end()
    },
  }
}
