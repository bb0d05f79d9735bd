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

/** Ports of 127.0.0.1 on which nobody listens now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, holdPort))
  await Promise.all(held.map((each) => each.release()))
  return held.map(({ port }) => port)
}
