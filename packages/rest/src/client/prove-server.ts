import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import {
  type ClusterSecret,
  isRestServerProven,
  SERVER_PROOF_HEADERS,
} from '@flink-ts/core/security/secrets'

/**
 * Asks a REST server that demands to know who calls to prove first that it belongs to the cluster: a token must not go to whoever
 * happens to listen there.
 *
 * @param base such as `http://host:8081/prefix`
 * @returns such as `http://10.0.0.5:8081`, the very end that has proved it; undefined: it could not, or asks nobody
 * @throws Error of the connection
 */
export async function proveServer(
  base: string,
  secret: ClusterSecret,
  timeoutMs: number,
): Promise<string | undefined> {
  const nonce = randomBytes(32).toString('hex')
  return new Promise((resolve, reject) => {
    const call = request(
      `${base}/overview`,
      { agent: false, timeout: timeoutMs, headers: { [SERVER_PROOF_HEADERS.nonce]: nonce } },
      (response) => {
        const { remoteAddress: address, remotePort: port } = response.socket
        const proof = String(response.headers[SERVER_PROOF_HEADERS.proof] ?? '')
        response.destroy()
        const isProven =
          response.statusCode === 401 && isRestServerProven(secret, nonce, { address, port }, proof)
        const host = address?.includes(':') ? `[${address}]` : address
        resolve(isProven ? `http://${host}:${port}` : undefined)
      },
    )
    call.on('timeout', () =>
      call.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    )
    call.on('error', reject)
    call.end()
  })
}
