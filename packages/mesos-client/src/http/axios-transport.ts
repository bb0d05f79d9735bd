import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import axios, { type AxiosInstance } from 'axios'
import type { MesosRequest, MesosResponse, MesosTransport } from './mesos-transport.js'

/** As Node.js takes it: whom to trust instead of the authorities that it knows, and key and certificate of the framework, if masters ask for one. */
export interface MesosTls
  extends Pick<
    SecureContextOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'minVersion' | 'ciphers'
  > {
  /** Whether a master's certificate must have the name at which it is reached. Default true. */
  readonly verifyHostname?: boolean
}

/** By axios, over this machine's network. */
export class AxiosTransport implements MesosTransport {
  readonly #agents: readonly (Agent | SecureAgent)[]
  readonly #http: Readonly<Record<MesosRequest['kind'], AxiosInstance>>

  constructor({ verifyHostname = true, ...context }: MesosTls = {}) {
    const tls = { ...context, ...(!verifyHostname && { checkServerIdentity: () => undefined }) }
    const calls = { keepAlive: true, maxSockets: 1 }
    const agents = {
      stream: { httpAgent: new Agent(), httpsAgent: new SecureAgent(tls) },
      call: { httpAgent: new Agent(calls), httpsAgent: new SecureAgent({ ...tls, ...calls }) },
    }
    this.#agents = Object.values(agents).flatMap((both) => Object.values(both))
    const options = {
      adapter: 'http' as const,
      responseType: 'stream' as const,
      decompress: false,
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      proxy: false as const,
    }
    this.#http = {
      stream: axios.create({ ...options, ...agents.stream }),
      call: axios.create({ ...options, ...agents.call }),
    }
  }

  async post({ url, headers, body, kind, signal }: MesosRequest): Promise<MesosResponse> {
    const response = await this.#http[kind].post<NodeJS.ReadableStream>(
      url,
      // As bytes: axios would parse a text to see whether it is JSON.
      Buffer.from(body),
      { headers: { 'Accept-Encoding': 'identity', ...headers }, signal },
    )
    // When it is aborted before somebody reads; whoever reads is told.
    response.data.on('error', () => {})
    const lowerCase = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ])
    return {
      status: response.status,
      headers: Object.fromEntries(lowerCase) as Record<string, string>,
      body: response.data as unknown as AsyncIterable<Uint8Array>,
    }
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
  }
}
