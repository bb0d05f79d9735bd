import { FlinkError } from '@flink-ts/core'
import axios, { isAxiosError } from 'axios'

/** One request to a daemon of Hadoop. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** With its query. */
  readonly url: string
  /** Sent as JSON; absent: no body. */
  readonly body?: unknown
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Its answer, whatever the status. */
export interface HttpResponse {
  readonly status: number
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends a request. Does not follow redirects. @throws HttpConnectionError if there is no answer */
export type HttpTransport = (request: HttpRequest) => Promise<HttpResponse>

/** Nobody answered, or not in time, or with too much. */
export class HttpConnectionError extends FlinkError {
  constructor(address: string, why: string, cause?: unknown) {
    super(`No answer from ${address}: ${why}`, {
      code: 'FLINK_YARN_UNREACHABLE',
      retriable: true,
      cause,
    })
  }
}

const MAX_BYTES = 64 * 1024 * 1024

/** By axios, over this machine's network. */
export const axiosTransport: HttpTransport = async (request) => {
  const { method, url, body, timeoutMs, signal } = request
  try {
    const response = await axios.request<Buffer>({
      adapter: 'http',
      method,
      url,
      ...(body === undefined
        ? {}
        : { data: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
      responseType: 'arraybuffer',
      // Redirects lead to another ResourceManager: the client has to know.
      maxRedirects: 0,
      maxContentLength: MAX_BYTES,
      maxBodyLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      proxy: false,
    })
    const headers = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ])
    return {
      status: response.status,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: Buffer.from(response.data).toString(),
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (!isAxiosError(error)) throw error
    // The query names the user; the address is enough. The error itself would carry the request along.
    const { code = '', message } = error
    const why = message.includes(code) ? message : `${code} ${message}`
    throw new HttpConnectionError(new URL(url).host, why || 'the connection failed')
  }
}
