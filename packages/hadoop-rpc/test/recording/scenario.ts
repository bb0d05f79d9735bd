import type { Clock, Random } from '@flink-ts/core'
import {
  type AllocateResponse,
  type Container,
  type ContainerStatus,
  createApplicationMasterClient,
  type IpcClientOptions,
  type IpcSocketConnector,
  nodeManagerConnector,
  type ResourceRequest,
  type Token,
} from '@flink-ts/hadoop-rpc'
import { failureOf } from './failure-of.js'

/** The world of a scenario: real while it is recorded, then replayed. */
export interface ScenarioWorld {
  readonly schedulerAddress: string
  readonly token: Token
  readonly clock: Clock
  readonly random: Random
  readonly connectSocket: IpcSocketConnector
  pause(milliseconds: number): Promise<void>
  restartResourceManager(): Promise<void>
}

const ANY = { relaxLocality: true, allocationRequestId: 0, resourceName: '*', priority: 1 }

/** Everything that an ApplicationMaster says, once; returns what it was told. Its steps depend on nothing but the answers. */
export async function runScenario(world: ScenarioWorld) {
  const { schedulerAddress, token, clock, random, connectSocket } = world
  const options: IpcClientOptions = { clock, random, connectSocket, idleTimeoutMs: 600_000 }
  const rm = createApplicationMasterClient({ addresses: [schedulerAddress], token, ...options })
  const allocated: Container[] = []
  const completed: ContainerStatus[] = []
  const nmTokens = new Map<string, Token>()
  const answers: AllocateResponse[] = []
  let responseId = 0
  const allocate = async (asks: readonly ResourceRequest[] = []) => {
    const answer = await rm.allocate({
      responseId,
      asks,
      releases: [],
      blacklistAdditions: [],
      blacklistRemovals: [],
      progress: 0.5,
    })
    responseId = answer.responseId
    answers.push(answer)
    allocated.push(...answer.allocatedContainers)
    completed.push(...answer.completedContainers)
    for (const { nodeId, token } of answer.nmTokens) {
      nmTokens.set(`${nodeId.host}:${nodeId.port}`, token)
    }
  }
  const allocateUntil = async (isDone: () => boolean) => {
    while (!isDone()) {
      await world.pause(300)
      await allocate()
    }
  }
  const size = (memoryMb: number) => ({ memoryMb, vcores: 1, others: {} })
  const register = () =>
    rm.registerApplicationMaster({
      host: 'am.example',
      rpcPort: 8081,
      trackingUrl: 'http://am.example:8081',
    })

  const unregistered = await failureOf(allocate())
  const registered = await register()
  const registeredTwice = await failureOf(register())
  await allocate([{ ...ANY, capability: size(200), numContainers: 2 }])
  await allocateUntil(() => allocated.length === 2)
  const tooLarge = await failureOf(
    allocate([{ ...ANY, capability: size(1_000_000), numContainers: 1 }]),
  )

  const [first, second] = allocated as [Container, Container]
  const nodeAddress = `${first.nodeId.host}:${first.nodeId.port}`
  const nm = nodeManagerConnector(options)(nodeAddress, nmTokens.get(nodeAddress)!)
  const launch = (command: string) => ({
    localResources: {},
    environment: { GREETING: 'hello' },
    commands: [command],
  })
  const started = await nm.startContainers([
    { containerToken: first.containerToken, launchContext: launch('exit 7') },
    { containerToken: second.containerToken, launchContext: launch('sleep 100') },
  ])
  const startedTwice = await nm.startContainers([
    { containerToken: second.containerToken, launchContext: launch('sleep 100') },
  ])
  await world.pause(2000)
  const unknown = second.id.replace(/\d$/, '9')
  const statuses = await nm.getContainerStatuses([first.id, second.id, unknown])
  const stopped = await nm.stopContainers([second.id, unknown])
  await allocateUntil(() => completed.length === 2)
  await nm.close()

  await world.restartResourceManager()
  const connectionLost = await failureOf(allocate())
  const afterRestart =
    connectionLost.code === 'FLINK_HADOOP_REMOTE' ? connectionLost : await failureOf(allocate())
  responseId = 0
  await register()
  await allocate([{ ...ANY, capability: size(128), numContainers: 1 }])
  await allocateUntil(() => allocated.length === 3)
  await rm.allocate({
    responseId,
    asks: [],
    releases: [allocated[2]!.id],
    blacklistAdditions: ['other.example'],
    blacklistRemovals: [],
    progress: 1,
  })

  const finish = () =>
    rm.finishApplicationMaster({ status: 'SUCCEEDED', diagnostics: 'Done.', trackingUrl: '' })
  const unregistrations = [(await finish()).isUnregistered]
  while (unregistrations.at(-1) === false) {
    await world.pause(300)
    unregistrations.push((await finish()).isUnregistered)
  }
  await rm.close()
  return {
    unregistered,
    registered,
    registeredTwice,
    tooLarge,
    allocated,
    completed,
    answers,
    started,
    startedTwice,
    statuses,
    stopped,
    connectionLost,
    afterRestart,
    unregistrations,
  }
}
