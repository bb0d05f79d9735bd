import type { Server } from 'node:http'
import { FlinkError } from '@flink-ts/core'

/** Every port that was allowed is taken. */
export class PortRangeExhaustedError extends FlinkError {
  constructor(host: string, ports: readonly number[], key: string, cause: unknown) {
    super(
      `Cannot listen on ${host}: port ${ports.join(', ')} in use; stop what listens there or set ${key} to another port`,
      { code: 'FLINK_PORT_IN_USE', cause },
    )
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/**
 * Binds `server` to the first free port of `ports`.
 *
 * @param key the configuration key to name in the error
 * @throws PortRangeExhaustedError when all are taken; any other error of the socket as it is
 */
export async function listenInRange(
  server: Server,
  host: string,
  ports: Iterable<number>,
  key: string,
): Promise<number> {
  const tried: number[] = []
  let last: unknown
  for (const port of ports) {
    try {
      return await listen(server, host, port)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      tried.push(port)
      last = error
    }
  }
  throw new PortRangeExhaustedError(host, tried, key, last)
}
