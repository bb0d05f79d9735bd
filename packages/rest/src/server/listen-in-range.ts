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

/** Listening failed for another reason than a port in use. */
export class RestBindError extends FlinkError {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const remedy =
      cause.code === 'EACCES'
        ? 'set rest.port to a port that you may use, such as one above 1023'
        : 'set rest.bind-address to an address of this machine, or to 0.0.0.0 for all of them'
    super(`Cannot listen on ${host}, port ${port}: ${cause.message}; ${remedy}`, {
      code: 'FLINK_REST_BIND_FAILED',
      cause,
    })
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
 * @throws PortRangeExhaustedError when all are taken, RestBindError when the address cannot be used
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
      const cause = error as NodeJS.ErrnoException
      if (cause.code !== 'EADDRINUSE') throw new RestBindError(host, port, cause)
      tried.push(port)
      last = error
    }
  }
  throw new PortRangeExhaustedError(host, tried, key, last)
}
