import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Passes connections on, but turns bits of one byte of what comes back. */
export async function corrupting(
  target: string,
  position: number,
  bits: number,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const [host, port] = target.split(':')
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), host)
    let offset = 0
    near.pipe(far)
    far.on('data', (bytes) => {
      const index = position - offset
      if (index >= 0 && index < bytes.length) bytes[index]! ^= bits
      offset += bytes.length
      near.write(bytes)
    })
    far.on('end', () => near.end())
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
