import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface HttpGetOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Without a byte of an answer. */
  readonly idleMs: number
  readonly maxBytes: number
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
}

/**
 * Gets what is at a URL, over a connection of its own, which no proxy is asked for. The certificate of the server is not judged: what comes
 * is sealed, and what is shown proves nothing to others.
 *
 * @throws Error if there is no whole answer
 */
export function httpGet(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
  const { headers, idleMs, maxBytes } = options
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:')
    const settings = { headers, agent: false, timeout: idleMs, rejectUnauthorized: false }
    const request = (isTls ? httpsRequest : httpRequest)(url, settings, (response) => {
      const chunks: Uint8Array[] = []
      let length = 0
      response.on('data', (chunk: Uint8Array) => {
        length += chunk.length
        if (length > maxBytes) request.destroy(new Error(`it answers more than ${maxBytes} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        if (!response.complete) reject(new Error('its answer broke off'))
        else resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })
      })
    })
    request.on('timeout', () => request.destroy(new Error(`it does not answer for ${idleMs} ms`)))
    request.on('error', reject)
    request.end()
  })
}
