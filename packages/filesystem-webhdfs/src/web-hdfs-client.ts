import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { type Clock, FileSystemError } from '@flink-ts/core'
import axios, { type AxiosInstance, type AxiosResponse, isAxiosError } from 'axios'
import type { NameNodes } from './name-nodes.js'
import {
  errorOf,
  isHeldByOther,
  isNotServing,
  parseRemoteException,
  WebHdfsError,
} from './remote-exception.js'
import type { WebHdfsLocation } from './web-hdfs-location.js'

/** Times that all NameNodes are asked before it is given up. */
const ROUNDS = 5
const FIRST_DELAY_MS = 200
const HELD_ATTEMPTS = 15
const DATA_NODE_ATTEMPTS = 3
const PREFIX = '/webhdfs/v1'
/** Failures before a byte was sent: the request did nothing. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'])

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export interface WebHdfsOperation {
  readonly method: Method
  readonly op: string
  readonly parameters?: Readonly<Record<string, string | number | boolean>>
}

export interface WebHdfsClientOptions {
  readonly nameNodes: NameNodes
  /** `swebhdfs`: by TLS. */
  readonly isSecure: boolean
  readonly userName: string
  readonly requestTimeoutMs: number
  readonly clock: Clock
}

/** The requests to WebHDFS: to the NameNode that is active, and on to the DataNode that it names. */
export class WebHdfsClient {
  readonly #options: WebHdfsClientOptions
  readonly #http: AxiosInstance

  constructor(options: WebHdfsClientOptions) {
    this.#options = options
    this.#http = axios.create({
      timeout: options.requestTimeoutMs,
      // The address of a DataNode stands in the answer; what is sent to it is not what was sent here.
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxContentLength: Number.POSITIVE_INFINITY,
      responseType: 'arraybuffer',
      validateStatus: () => true,
      proxy: false,
      httpAgent: new Agent({ keepAlive: true }),
      httpsAgent: new SecureAgent({ keepAlive: true }),
    })
  }

  /** Asks the NameNode. @returns what the body says as JSON; undefined if it is empty */
  async ask(location: WebHdfsLocation, operation: WebHdfsOperation): Promise<unknown> {
    const response = await this.#askNameNodes(location, operation)
    const body = textOf(response)
    if (response.status >= 300) throw this.#unexpected(location, response)
    return body === '' ? undefined : JSON.parse(body)
  }

  /** Bytes of a file. */
  async read(
    location: WebHdfsLocation,
    range: { position: number; length: number },
  ): Promise<Uint8Array> {
    const { position: offset, length } = range
    if (length === 0) return new Uint8Array(0)
    const parameters = { offset, length }
    const bytes = await this.#withDataNode(location, { method: 'GET', op: 'OPEN', parameters })
    if (bytes.length === length) return bytes
    throw new FileSystemError(
      `Cannot read ${location.path}: asked for ${length} bytes at ${offset}, ${bytes.length} came`,
      { path: location.path },
    )
  }

  /** Sends bytes to the DataNode that the NameNode names. Not repeated once they may have arrived. */
  async send(
    location: WebHdfsLocation,
    operation: WebHdfsOperation,
    bytes: Uint8Array,
  ): Promise<void> {
    await this.#withDataNode(location, operation, bytes)
  }

  /** Repeats while the file is held: the request before has ended here, but not yet there. */
  async whileHeld<T>(action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action()
      } catch (error) {
        const isHeld = error instanceof WebHdfsError && isHeldByOther(error.remote)
        if (!isHeld || attempt === HELD_ATTEMPTS) throw error
      }
      await this.#delay(FIRST_DELAY_MS * attempt)
    }
  }

  async #withDataNode(
    location: WebHdfsLocation,
    operation: WebHdfsOperation,
    bytes?: Uint8Array,
  ): Promise<Uint8Array> {
    const excluded: string[] = []
    for (let attempt = 1; ; attempt++) {
      const parameters = {
        ...operation.parameters,
        ...(excluded.length > 0 && { excludedatanodes: excluded.join(',') }),
      }
      const first = await this.#askNameNodes(location, { ...operation, parameters })
      // A gateway (HttpFS) answers itself.
      if (first.status === 200 && bytes === undefined) return bytesOf(first)
      const target: unknown = first.headers['location']
      if (first.status !== 307 || typeof target !== 'string') {
        throw this.#unexpected(location, first)
      }
      try {
        return await this.#askDataNode(location, { method: operation.method, target, bytes })
      } catch (error) {
        const isSafe = bytes === undefined ? isAxiosError(error) : isNotSent(error)
        if (!isSafe || attempt === DATA_NODE_ATTEMPTS) throw this.#failed(location, error, target)
        excluded.push(new URL(target).host)
      }
    }
  }

  async #askDataNode(
    location: WebHdfsLocation,
    request: { method: Method; target: string; bytes: Uint8Array | undefined },
  ): Promise<Uint8Array> {
    const { method, target, bytes } = request
    const response = await this.#http.request({
      method,
      url: target,
      ...(bytes && {
        data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        headers: { 'Content-Type': 'application/octet-stream' },
      }),
    })
    if (response.status < 300) return bytesOf(response)
    const remote = parseRemoteException(textOf(response))
    throw remote === undefined
      ? this.#unexpected(location, response)
      : errorOf(location.path, remote)
  }

  /** Finds the NameNode that serves. What may have been done is not repeated. */
  async #askNameNodes(
    location: WebHdfsLocation,
    operation: WebHdfsOperation,
  ): Promise<AxiosResponse> {
    const { nameNodes } = this.#options
    let last: unknown
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await this.#delay(FIRST_DELAY_MS * 2 ** (round - 1))
      for (const address of nameNodes.of(location.authority)) {
        try {
          const response = await this.#http.request({
            method: operation.method,
            url: this.#urlOf(address, location, operation),
          })
          const remote = response.status >= 400 ? parseRemoteException(textOf(response)) : undefined
          if (remote === undefined) {
            nameNodes.serves(location.authority, address)
            return response
          }
          last = errorOf(location.path, remote)
          if (!isNotServing(remote)) throw last
        } catch (error) {
          if (!isAxiosError(error)) throw error
          last = this.#failed(location, error, address)
          if (!isNotSent(error) && operation.method !== 'GET') throw last
        }
      }
    }
    throw last
  }

  #urlOf(address: string, { hdfsPath }: WebHdfsLocation, operation: WebHdfsOperation): string {
    const { isSecure, userName } = this.#options
    const query = new URLSearchParams({ op: operation.op, 'user.name': userName })
    for (const [name, value] of Object.entries(operation.parameters ?? {})) {
      query.set(name, String(value))
    }
    const path = hdfsPath.split('/').map(encodeURIComponent).join('/')
    return `${isSecure ? 'https' : 'http'}://${address}${PREFIX}${path}?${query}`
  }

  #failed(location: WebHdfsLocation, error: unknown, address: string): unknown {
    if (!isAxiosError(error)) return error
    const host = address.includes('://') ? new URL(address).host : address
    const why = error.code === undefined ? error.message : `${error.code} ${error.message}`
    return new FileSystemError(`An operation on ${location.path} failed at ${host}: ${why}`, {
      path: location.path,
      cause: error,
    })
  }

  #unexpected({ path }: WebHdfsLocation, response: AxiosResponse): FileSystemError {
    const body = textOf(response).slice(0, 200)
    return new FileSystemError(
      `An operation on ${path} failed: the answer was ${response.status} ${response.statusText}: ${body}; expected one of WebHDFS`,
      { path },
    )
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.schedule(ms, resolve))
  }
}

function isNotSent(error: unknown): boolean {
  return isAxiosError(error) && NOT_SENT.has(error.code ?? '')
}

function bytesOf({ data }: AxiosResponse): Uint8Array {
  return data as Buffer
}

function textOf(response: AxiosResponse): string {
  return Buffer.from(bytesOf(response)).toString()
}
