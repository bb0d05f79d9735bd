import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import {
  type Container,
  ContainerExitStatus,
  type ContainerLaunchContext,
  createApplicationMasterClient,
  HadoopAuthenticationError,
  HadoopConnectionError,
  HadoopProtocolError,
  IpcClient,
  isApplicationMasterNotRegistered,
  isInvalidApplicationMasterRequest,
  isInvalidResourceRequest,
  isInvalidToken,
  nodeManagerConnector,
  type RemoteException,
  type Token,
} from '@flink-ts/hadoop-rpc'
import t, { type Test } from 'tap'
import { startHadoop } from './clusters/hadoop.js'
import { hadoopMissing } from './clusters/hadoop-jars.js'
import { YarnRest } from './clusters/yarn-rest.js'
import { until } from './support/until.js'
import { corrupting } from './yarn/corrupting-proxy.js'
import { ask, TestMaster, WORLD } from './yarn/test-master.js'

const CLIENT_PROTOCOL = 'org.apache.hadoop.yarn.api.ApplicationClientProtocolPB'

t.setTimeout(600_000)

function launch(command: string, more: Partial<ContainerLaunchContext> = {}) {
  return { localResources: {}, environment: {}, commands: [command], ...more }
}

const addressOf = ({ nodeId }: Container) => `${nodeId.host}:${nodeId.port}`

/** The same token with another byte in the middle of its password, or of its identifier. */
function damaged(token: Token, part: 'password' | 'identifier'): Token {
  const bytes = Uint8Array.from(token[part])
  bytes[bytes.length >> 1]! ^= 1
  return { ...token, [part]: bytes }
}

async function rejectedWith<T extends Error>(promise: Promise<unknown>): Promise<T> {
  return promise.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: T) => error,
  )
}

t.test('hadoop-rpc and real daemons', { skip: hadoopMissing() ?? false }, async (t) => {
  // Tokens roll after more than three times the time in which an ApplicationMaster must be heard of.
  const hadoop = await startHadoop({
    nodeManagers: 1,
    memoryMb: 1024,
    applicationMasterExpiryMs: 6_000,
    allocationExpiryMs: 6_000,
    yarn: { 'yarn.resourcemanager.am-rm-tokens.master-key-rolling-interval-secs': '20' },
  })
  t.teardown(() => hadoop.stop())
  const yarn = new YarnRest(hadoop)
  const toNodeManager = nodeManagerConnector(WORLD)
  const nodeManagerOf = (t: Test, master: TestMaster, container: Container) => {
    const manager = toNodeManager(addressOf(container), master.nmTokens.get(addressOf(container))!)
    t.teardown(() => manager.close())
    return manager
  }

  await t.test('register, allocate, start, ask, stop, release, finish', async (t) => {
    const master = await TestMaster.start(hadoop)
    t.ok(isApplicationMasterNotRegistered(await rejectedWith(master.allocate())))
    t.match(await master.register(), {
      maximumCapability: { memoryMb: 1024, vcores: 8 },
      queue: /default$/,
      containersFromPreviousAttempts: [],
    })
    t.match(await yarn.application(master.applicationId), {
      state: 'RUNNING',
      amRPCAddress: '127.0.0.1:1',
    })
    t.ok(
      isInvalidApplicationMasterRequest(await rejectedWith(master.register())),
      'registered twice',
    )
    t.ok(isInvalidResourceRequest(await rejectedWith(master.allocate({ asks: [ask(1, 2048)] }))))
    t.ok(isInvalidApplicationMasterRequest(await rejectedWith(master.allocate({ responseId: 77 }))))

    const [first, second] = await master.containers(2)
    t.match(first, { resource: { memoryMb: 128, vcores: 1 }, priority: 1 }, 'rounded up')
    const manager = nodeManagerOf(t, master, first!)
    const seen = join(hadoop.folder, 'seen')
    const shipped = join(hadoop.folder, 'shipped.txt')
    writeFileSync(shipped, 'from afar')
    const { size, mtimeMs } = statSync(shipped)
    const resource = (timestamp: number) => ({
      url: `file://${shipped}`,
      type: 'FILE' as const,
      visibility: 'APPLICATION' as const,
      size,
      timestamp,
    })
    const context = launch(
      `cat name.txt > ${seen}.new; echo \\$GREETING >> ${seen}.new; mv ${seen}.new ${seen}; sleep 600`,
      {
        localResources: { 'name.txt': resource(Math.floor(mtimeMs)) },
        environment: { GREETING: 'good day' },
      },
    )
    const forged = damaged(second!.containerToken, 'password')
    const refused = manager.startContainers([{ containerToken: forged, launchContext: context }])
    t.ok(isInvalidToken(await rejectedWith(refused)), 'a forged token is refused')
    const { started } = await manager.startContainers([
      { containerToken: first!.containerToken, launchContext: context },
    ])
    t.strictSame(started, [first!.id])
    await until('the container runs', () => existsSync(seen))
    t.equal(readFileSync(seen, 'utf8'), 'from afargood day\n', 'files and environment are there')
    const again = await manager.startContainers([
      { containerToken: first!.containerToken, launchContext: context },
    ])
    t.ok(again.failed.has(first!.id), 'a container starts once')

    const unknown = first!.id.replace(/\d+$/, '999999')
    const { statuses, failed } = await manager.getContainerStatuses([first!.id, unknown])
    t.match(statuses, [{ id: first!.id, state: 'RUNNING' }])
    t.strictSame([...failed.keys()], [unknown])
    t.equal((await manager.stopContainers([first!.id, unknown])).failed.size, 0)
    const { exitCode } = await master.untilCompleted(first!.id)
    t.equal(exitCode, ContainerExitStatus.KILLED_BY_APPMASTER)
    await master.allocate({ releases: [second!.id] })
    t.equal((await master.untilCompleted(second!.id)).exitCode, ContainerExitStatus.ABORTED)

    const [third] = await master.containers(1)
    await manager.startContainers([
      {
        containerToken: third!.containerToken,
        launchContext: launch('true', { localResources: { x: resource(1) } }),
      },
    ])
    const changed = await master.untilCompleted(third!.id)
    t.equal(changed.exitCode, ContainerExitStatus.INVALID)
    t.match(changed.diagnostics, /changed on src filesystem/)

    await master.finish()
    const ended = await until('YARN knows', async () => {
      const application = await yarn.application(master.applicationId)
      return application.state === 'FINISHED' && application
    })
    t.match(ended, { finalStatus: 'SUCCEEDED', diagnostics: 'all is well' })
  })

  await t.test('tokens: forged, expired, of another, rolled', async (t) => {
    const master = await TestMaster.start(hadoop)
    for (const part of ['password', 'identifier'] as const) {
      const forged = master.connect(damaged(master.token, part))
      const error = await rejectedWith(
        forged.registerApplicationMaster({ host: '', rpcPort: 0, trackingUrl: '' }),
      )
      t.type(error, HadoopAuthenticationError, `a forged ${part}: ${error.message}`)
      await forged.close()
    }
    await master.register()
    const [container] = await master.containers(1)
    const stranger = toNodeManager(
      addressOf(container!),
      damaged(master.nmTokens.get(addressOf(container!))!, 'password'),
    )
    t.type(
      await rejectedWith(stranger.getContainerStatuses([container!.id])),
      HadoopAuthenticationError,
    )
    await stranger.close()

    const taken = await master.untilCompleted(container!.id)
    t.match(
      taken,
      { exitCode: ContainerExitStatus.ABORTED, diagnostics: /expired/ },
      'it was not used in time',
    )
    const manager = nodeManagerOf(t, master, container!)
    const late = await manager.startContainers([
      { containerToken: container!.containerToken, launchContext: launch('true') },
    ])
    t.match(late.failed.get(container!.id)?.message, /expired/)

    const rolled = await until('the key rolls', async () => (await master.allocate()).amRmToken)
    t.equal(
      (await master.allocate()).amRmToken?.password.length,
      rolled.password.length,
      'said again until it is used',
    )
    await master.client.close()
    master.client = master.connect(rolled)
    t.equal((await master.allocate()).amRmToken, undefined, 'it is used')
    await master.finish()
  })

  await t.test('a ResourceManager that comes back wants to be told everything again', async (t) => {
    const master = await TestMaster.start(hadoop)
    await master.register()
    const [container] = await master.containers(1)
    const manager = nodeManagerOf(t, master, container!)
    await manager.startContainers([
      { containerToken: container!.containerToken, launchContext: launch('sleep 600') },
    ])
    await hadoop.resourceManager.kill()
    const lost = await rejectedWith<HadoopConnectionError>(master.allocate())
    t.type(lost, HadoopConnectionError)
    t.match(lost.message, hadoop.addresses.scheduler)
    t.match(await manager.getContainerStatuses([container!.id]), {
      statuses: [{ state: 'RUNNING' }],
    })

    await hadoop.resourceManager.restart()
    t.ok(isApplicationMasterNotRegistered(await rejectedWith(master.allocate())))
    await master.register()
    const nodes = await until('the node is back', async () => {
      const { updatedNodes } = await master.allocate()
      return updatedNodes.length > 0 && updatedNodes
    })
    t.match(nodes, [{ state: 'RUNNING' }])
    const [next] = await master.containers(1)
    t.match(next!.id, /^container_e\d+_/, 'ids tell that it was restarted')
    t.match(await manager.getContainerStatuses([container!.id]), {
      statuses: [{ state: 'RUNNING' }],
    })
    await manager.stopContainers([container!.id])
    await master.untilCompleted(container!.id)
    await master.finish()
  })

  await t.test('what is no Hadoop, or damaged, is an error and nothing more', async (t) => {
    const register = { host: '', rpcPort: 0, trackingUrl: '' }
    const master = await TestMaster.start(hadoop)
    const to = (address: string) =>
      createApplicationMasterClient({
        ...WORLD,
        addresses: [address],
        token: master.token,
        callTimeoutMs: 5_000,
        maxRounds: 1,
      })
    for (const [address, type] of [
      [hadoop.addresses.resourceManagerHttp, HadoopProtocolError],
      [hadoop.addresses.nameNodeHttp, HadoopProtocolError],
      ['127.0.0.1:1', HadoopConnectionError],
    ] as const) {
      const client = to(address)
      const error = await rejectedWith(client.registerApplicationMaster(register))
      t.type(error, type, error.message)
      await client.close()
    }
    const [host, port] = hadoop.addresses.scheduler.split(':')
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      'hrpc\x09\x00\xdf\x7f\xff\xff\xff',
      '\x00'.repeat(100),
    ]) {
      const socket = connect(Number(port), host)
      socket.on('error', () => {})
      socket.end(Buffer.from(bytes, 'latin1'))
      await new Promise((resolve) => socket.once('close', resolve).resume())
    }

    const simple = { kind: 'simple', user: 'tester' } as const
    const wrongName = new IpcClient(
      'org.example.NoProtocol',
      [hadoop.addresses.client],
      simple,
      WORLD,
    )
    const noProtocol = await rejectedWith<RemoteException>(
      wrongName.call('getNewApplication', new Uint8Array()),
    )
    t.match(noProtocol.className, /RpcNoSuchProtocolException/)
    wrongName.close()
    const right = new IpcClient(CLIENT_PROTOCOL, [hadoop.addresses.client], simple, WORLD)
    const noMethod = await rejectedWith<RemoteException>(right.call('noMethod', new Uint8Array()))
    t.match(noMethod.className, /RpcNoSuchMethodException/)
    t.type(await rejectedWith(right.call('getApplicationReport', Buffer.from([0xff, 0xff]))), Error)
    const answer = await right.call('getNewApplication', new Uint8Array())
    t.ok(answer.length > 10, 'the connection serves on')
    right.close()
    const small = new IpcClient(CLIENT_PROTOCOL, [hadoop.addresses.client], simple, {
      ...WORLD,
      maxResponseBytes: 20,
    })
    const tooLong = await rejectedWith(small.call('getNewApplication', new Uint8Array()))
    t.match(tooLong.message, /20/, 'an answer that is longer than allowed')
    small.close()

    await t.test('a byte of a real answer that is another one', async (t) => {
      const outcomes = new Map<string, number>()
      for (let position = 0; position < answer.length + 40; position++) {
        const proxy = await corrupting(hadoop.addresses.client, position, 0x80 >> (position % 8))
        const client = new IpcClient(CLIENT_PROTOCOL, [proxy.address], simple, {
          ...WORLD,
          callTimeoutMs: 200,
          maxRounds: 1,
        })
        const outcome = await client.call('getNewApplication', new Uint8Array()).then(
          () => 'answer',
          (error: Error) => {
            t.match((error as { code?: string }).code, /^FLINK_HADOOP_/, error.message)
            return error.name
          },
        )
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        client.close()
        await proxy.close()
      }
      t.comment(Object.fromEntries(outcomes))
      t.ok(outcomes.size > 1, 'some are found out')
    })
    await master.register()
    await master.finish()
  })

  await t.test('a protection that is not supported is refused in so many words', async (t) => {
    const master = await TestMaster.start(hadoop)
    const file = join(hadoop.confDir, 'core-site.xml')
    const before = readFileSync(file, 'utf8')
    const property = '<property><name>hadoop.rpc.protection</name><value>privacy</value></property>'
    writeFileSync(file, before.replace('</configuration>', `${property}</configuration>`))
    await hadoop.resourceManager.restart()
    const error = await rejectedWith(master.register())
    t.type(error, HadoopAuthenticationError)
    t.match(error.message, /hadoop\.rpc\.protection/)
    await master.client.close()
    writeFileSync(file, before)
  })
})
