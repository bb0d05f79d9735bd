import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  Configuration,
  type Logger,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security'
import { RestServerEndpoint, type RestServerOptions } from '@flink-ts/rest'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { Test } from 'tap'
import { testingDispatcher, testingResourceManager } from './testing-gateways.js'

/** A REST endpoint over gateways that answer what a test says, a client of it, and bare requests to it. */
export async function startServer(
  t: Test,
  options: {
    dispatcher?: Parameters<typeof testingDispatcher>[0]
    resourceManager?: Parameters<typeof testingResourceManager>[0]
    configuration?: Record<string, string>
    storeProgram?: RestServerOptions['storeProgram']
    leaderless?: boolean
    clock?: Clock
    highAvailability?: RestServerOptions['highAvailability']
    secret?: ClusterSecret
    log?: Logger
  } = {},
) {
  const uploadFolder = mkdtempSync(join(tmpdir(), 'flink-rest-test-'))
  const server = new RestServerEndpoint({
    configuration: Configuration.fromMap({ 'rest.port': '0', ...options.configuration }),
    clock: options.clock ?? new SystemClock(),
    random: new SystemRandom(),
    log: options.log ?? noopLogger,
    dispatcher: () =>
      options.leaderless ? undefined : testingDispatcher(options.dispatcher ?? {}),
    resourceManager: () => testingResourceManager(options.resourceManager ?? {}),
    storeProgram:
      options.storeProgram ?? (async () => ({ key: 'f'.repeat(64), release: async () => {} })),
    version: { version: '1.2.3', commit: 'abc', revision: 'abc @ today' },
    uploadFolder,
    ...(options.secret && { secret: options.secret }),
    ...(options.highAvailability && { highAvailability: options.highAvailability }),
  })
  await server.start()
  t.teardown(async () => {
    await server.close()
    rmSync(uploadFolder, { recursive: true, force: true })
  })
  const client = new RestClusterClient({ address: server.address, clock: new SystemClock() })
  const raw = (
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<{
      status: number
      body: Record<string, unknown>
      headers: Record<string, unknown>
    }>((resolve, reject) => {
      const call = httpRequest(
        {
          host: '127.0.0.1',
          port: server.port,
          path,
          method: init.method ?? 'GET',
          headers: init.headers,
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            text += chunk
          })
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: text === '' ? {} : JSON.parse(text),
              headers: response.headers,
            }),
          )
        },
      )
      call.on('error', reject)
      call.end(init.body)
    })
  return { server, client, raw, uploadFolder }
}
