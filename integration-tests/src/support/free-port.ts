import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'

export interface HeldPort {
  readonly port: number
  release(): Promise<void>
}

/** A port of 127.0.0.1 on which the test itself listens, so that nobody else can. */
export async function holdPort(): Promise<HeldPort> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/**
 * Ports of 127.0.0.1 on which nobody listens now, all different, from below those that the kernel gives to
 * connections: a server finds its own free, when it starts at last and when it comes back.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

/**
 * The first of so many ports of 127.0.0.1 in a row on which nobody listens now, from where neither the kernel nor
 * {@link freePorts} take any. At most 100.
 */
export async function portRow(count: number): Promise<number> {
  for (;;) {
    const first = 8_200 + 100 * Math.floor(Math.random() * 18)
    const row = Array.from({ length: count }, (_, i) => first + i)
    if ((await Promise.all(row.map(isFree))).every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
