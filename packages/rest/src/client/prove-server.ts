import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import {
  type ClusterSecret,
  isRestServerProven,
  SERVER_PROOF_HEADERS,
} from '@flink-ts/core/security/secrets'
import type { SingleConnectionAgent } from './single-connection-agent.js'

/** A refusal is short. */
const ANSWER_MAX_BYTES = 64 * 1024

/** Of which nobody knew before. */
export function newProofNonce(): string {
  return randomBytes(32).toString('hex')
}

/**
 * Asks a REST server that demands to know who calls to prove first that it belongs to the cluster: a token must not go to whoever
 * happens to listen there. The proof is worth something for the connection of `agent` only: another process may have the address by
 * the next one.
 *
 * @param base such as `http://host:8081/prefix`
 * @returns false: it could not, or asks nobody
 * @throws Error of the connection
 */
export async function proveServer(
  agent: SingleConnectionAgent,
  base: string,
  secret: ClusterSecret,
  timeoutMs: number,
): Promise<boolean> {
  const nonce = newProofNonce()
  return new Promise((resolve, reject) => {
    const call = request(
      `${base}/overview`,
      { agent, timeout: timeoutMs, headers: { [SERVER_PROOF_HEADERS.nonce]: nonce } },
      (response) => {
        const { remoteAddress: address, remotePort: port } = response.socket
        const proof = String(response.headers[SERVER_PROOF_HEADERS.proof] ?? '')
        if (
          response.statusCode !== 401 ||
          !isRestServerProven(secret, nonce, { address, port }, proof)
        ) {
          response.destroy()
          resolve(false)
          return
        }
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > ANSWER_MAX_BYTES) response.destroy(new Error('the refusal is endless'))
        })
        response.on('error', reject)
        // The connection is free for the next request.
        response.on('end', () => resolve(true))
      },
    )
    call.on('timeout', () =>
      call.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    )
    call.on('error', reject)
    call.end()
  })
}
