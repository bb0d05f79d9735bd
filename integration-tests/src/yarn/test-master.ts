import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock, SystemRandom } from '@flink-ts/core'
import {
  type AllocateRequest,
  type AllocateResponse,
  type ApplicationMasterProtocol,
  type ContainerId,
  type ContainerStatus,
  createApplicationMasterClient,
  type NodeManagerToken,
  parseCredentials,
  type RegisterApplicationMasterResponse,
  type ResourceRequest,
  type Token,
  tokenOfKind,
} from '@flink-ts/hadoop-rpc'
import type { Hadoop } from '../clusters/hadoop.js'
import { YarnRest } from '../clusters/yarn-rest.js'
import { until } from '../support/until.js'

/** The world of a client in tests. */
export const WORLD = { clock: new SystemClock(), random: new SystemRandom() }
const USER = 'tester'
let applications = 0

/**
 * An application whose ApplicationMaster is this process: its container does nothing but hand over its tokens. Keeps what
 * `allocate` tells.
 */
export class TestMaster {
  readonly applicationId: string
  readonly token: Token
  /** Of the newest token and connection. */
  client: ApplicationMasterProtocol
  responseId = 0
  readonly completed = new Map<ContainerId, ContainerStatus>()
  /** By `host:port`. */
  readonly nmTokens = new Map<string, Token>()
  readonly #scheduler: string

  /** Starts it and waits for its tokens; nothing is registered. */
  static async start(hadoop: Hadoop): Promise<TestMaster> {
    const yarn = new YarnRest(hadoop)
    const id = await yarn.newApplication(USER)
    const file = join(hadoop.folder, `tokens-${applications++}`)
    await yarn.submit(
      {
        'application-id': id,
        'application-name': 'master of a test',
        'application-type': 'TEST',
        'max-app-attempts': 1,
        resource: { memory: 64, vCores: 1 },
        'am-container-spec': {
          commands: {
            command: `cp container_tokens ${file}.new; mv ${file}.new ${file}; sleep 600`,
          },
        },
      },
      USER,
    )
    await until('the container has handed over its tokens', () => existsSync(file))
    const token = tokenOfKind(parseCredentials(readFileSync(file)), 'YARN_AM_RM_TOKEN')
    if (token === undefined) throw new Error('the container had no token for the ResourceManager')
    return new TestMaster(id, token, hadoop.addresses.scheduler)
  }

  private constructor(applicationId: string, token: Token, scheduler: string) {
    this.applicationId = applicationId
    this.token = token
    this.#scheduler = scheduler
    this.client = this.connect(token)
  }

  /** Another client, which this does not close. */
  connect(token: Token): ApplicationMasterProtocol {
    return createApplicationMasterClient({ ...WORLD, addresses: [this.#scheduler], token })
  }

  async register(): Promise<RegisterApplicationMasterResponse> {
    this.responseId = 0
    return this.client.registerApplicationMaster({ host: '127.0.0.1', rpcPort: 1, trackingUrl: '' })
  }

  async allocate(request: Partial<AllocateRequest> = {}): Promise<AllocateResponse> {
    const answer = await this.client.allocate({
      responseId: this.responseId,
      asks: [],
      releases: [],
      blacklistAdditions: [],
      blacklistRemovals: [],
      progress: 0,
      ...request,
    })
    this.responseId = answer.responseId
    for (const status of answer.completedContainers) this.completed.set(status.id, status)
    for (const { nodeId, token } of answer.nmTokens as NodeManagerToken[]) {
      this.nmTokens.set(`${nodeId.host}:${nodeId.port}`, token)
    }
    return answer
  }

  /** Asks for containers and waits until all have come. */
  async containers(count: number, memoryMb = 100) {
    const found = [...(await this.allocate({ asks: [ask(count, memoryMb)] })).allocatedContainers]
    await until(`${count} containers are allocated`, async () => {
      found.push(...(await this.allocate()).allocatedContainers)
      return found.length >= count
    })
    return found
  }

  /** Heartbeats until a container has completed. */
  untilCompleted(id: ContainerId): Promise<ContainerStatus> {
    return until(`${id} has completed`, async () => {
      await this.allocate()
      return this.completed.get(id)
    })
  }

  /** Ends the application. */
  async finish(): Promise<void> {
    const request = { status: 'SUCCEEDED', diagnostics: 'all is well', trackingUrl: '' } as const
    await until('it is unregistered', async () => {
      return (await this.client.finishApplicationMaster(request)).isUnregistered
    })
    await this.client.close()
  }
}

/** That many containers of one size, anywhere. */
export function ask(numContainers: number, memoryMb = 100): ResourceRequest {
  return {
    priority: 1,
    resourceName: '*',
    capability: { memoryMb, vcores: 1, others: {} },
    numContainers,
    relaxLocality: true,
    allocationRequestId: 0,
  }
}
