import { FlinkError, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  FencedRpcEndpoint,
  type FencingToken,
  RemoteRpcError,
  RpcEndpoint,
  type RpcService,
} from '@flink-ts/rpc'
import t, { type Test } from 'tap'
import {
  everything,
  TEST_GATEWAY,
  type TestGateway,
  TestingGateway,
  WIDER_GATEWAY,
} from '../testing-gateway.js'
import { TRANSPORTS, type Transport } from './transports.js'

class TestEndpoint extends RpcEndpoint {
  readonly gateway = new TestingGateway()
  readonly life: string[] = []

  protected override onStart(): void {
    this.life.push('start')
    this.serve<TestGateway>(TEST_GATEWAY, this.gateway)
  }

  protected override onStop(): void {
    this.life.push('stop')
  }

  scheduleForever(): void {
    this.mainThread.schedule(1e6, () => {})
  }
}

class TestFencedEndpoint extends FencedRpcEndpoint {
  readonly gateway = new TestingGateway()

  protected override onStart(): void {
    this.serve<TestGateway>(TEST_GATEWAY, this.gateway)
  }
}

function options(transport: Transport, rpcService: RpcService) {
  return { rpcService, endpointId: 'test_1', log: noopLogger, clock: transport.clock }
}

async function startPair(transport: Transport) {
  const server = await transport.createService()
  const client = await transport.createService()
  const endpoint = new TestEndpoint(options(transport, server))
  await endpoint.start()
  const gateway = client.connect(server.address, 'test_1', TEST_GATEWAY)
  return { server, client, endpoint, gateway }
}

for (const [name, createTransport] of Object.entries(TRANSPORTS)) {
  const contract = (promise: string, body: (t: Test, transport: Transport) => Promise<void>) =>
    t.test(`${name}: ${promise}`, async (t) => {
      const transport = createTransport()
      await body(t, transport)
      await transport.close()
      if (transport.clock instanceof ManualClock) {
        t.equal(transport.clock.pendingTimers, 0, 'no timers are left after close')
      }
    })

  contract('a call brings request and response across unchanged', async (t, transport) => {
    const { gateway, endpoint } = await startPair(transport)
    let received: unknown
    endpoint.gateway.echoFunction = async (request) => {
      received = request
      return { ...request, text: 'back' }
    }

    const response = await transport.settle(gateway.echo(everything()))

    t.strictSame(received, everything())
    t.strictSame(response, everything({ text: 'back' }))
  })

  contract('caller and handler share no objects', async (t, transport) => {
    const { gateway, endpoint } = await startPair(transport)
    const request = everything()
    let received: unknown
    endpoint.gateway.echoFunction = async (message) => {
      received = message
      return message
    }

    const response = await transport.settle(gateway.echo(request))

    t.not(received, request)
    t.not((response as typeof request).point, (received as typeof request).point)
  })

  contract('concurrent calls each get their own response', async (t, transport) => {
    const { gateway } = await startPair(transport)
    const texts = Array.from({ length: 50 }, (_, i) => String(i))

    const responses = await transport.settle(
      Promise.all(texts.map((text) => gateway.say({ text }))),
    )

    t.same(
      responses.map(({ text }) => text),
      texts,
    )
  })

  contract(
    'what a handler throws reaches the caller with code, cause and remote stack',
    async (t, transport) => {
      const { gateway, endpoint } = await startPair(transport)
      class SlotError extends FlinkError {}
      endpoint.gateway.sayFunction = function thrower() {
        const cause = new TypeError('the cause')
        throw new SlotError('no slot', { code: 'FLINK_TEST_SLOT', retriable: true, cause })
      }

      const error = (await transport.settle(
        gateway.say({ text: '' }).catch((e) => e),
      )) as RemoteRpcError

      t.ok(error instanceof RemoteRpcError)
      t.ok(FlinkError.is(error))
      t.match(error, {
        name: 'SlotError',
        message: 'no slot',
        code: 'FLINK_TEST_SLOT',
        retriable: true,
      })
      t.match(error.stack, /thrower/)
      t.match(error.stack, /at RPC TestGateway.say of test_1 at /)
      t.match(error.cause, { name: 'TypeError', message: 'the cause' })
    },
  )

  contract('anything may be thrown by a handler', async (t, transport) => {
    const { gateway, endpoint } = await startPair(transport)
    const hostile = Object.defineProperty(new Error('x'), 'name', {
      get() {
        throw new Error('from a getter')
      },
    })
    const circular = new Error('circular')
    circular.cause = circular
    const long = new Error('x'.repeat(1e6))
    for (const thrown of [undefined, 'text', Object.create(null), long, hostile, circular]) {
      endpoint.gateway.sayFunction = () => Promise.reject(thrown)
      await t.rejects(transport.settle(gateway.say({ text: '' })), {
        code: 'FLINK_RPC_REMOTE_ERROR',
      })
    }
  })

  contract('a call after its deadline fails with RpcTimeoutError', async (t, transport) => {
    const { gateway, endpoint } = await startPair(transport)
    endpoint.gateway.sayFunction = () => new Promise(() => {})

    await t.rejects(transport.settle(gateway.say({ text: '' }, { timeoutMs: 30 })), {
      code: 'FLINK_RPC_TIMEOUT',
      retriable: true,
      timeoutMs: 30,
      message: /TestGateway.say of test_1 at .* within 30 ms/,
    })
  })

  contract('the default deadline is that of the service', async (t, transport) => {
    const { server, endpoint } = await startPair(transport)
    endpoint.gateway.sayFunction = () => new Promise(() => {})
    const hasty = await transport.createService({ defaultTimeoutMs: 20 })
    const gateway = hasty.connect(server.address, 'test_1', TEST_GATEWAY)

    await t.rejects(transport.settle(gateway.say({ text: '' })), {
      code: 'FLINK_RPC_TIMEOUT',
      timeoutMs: 20,
    })
  })

  contract('an address where nobody listens is unreachable at once', async (t, transport) => {
    const client = await transport.createService()
    const gateway = client.connect(transport.deadAddress, 'test_1', TEST_GATEWAY)

    await t.rejects(transport.settle(gateway.say({ text: '' })), {
      code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
      retriable: true,
    })
  })

  contract('an endpoint or method that is not there is refused', async (t, transport) => {
    const { client, server } = await startPair(transport)
    const nobody = client.connect(server.address, 'nobody', TEST_GATEWAY)
    const wider = client.connect(server.address, 'test_1', WIDER_GATEWAY)

    await t.rejects(transport.settle(nobody.say({ text: '' })), {
      code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
      reason: 'no endpoint nobody is there',
    })
    await t.rejects(transport.settle(wider.unheard({ text: '' })), {
      code: 'FLINK_RPC_INVALID_MESSAGE',
      message: /TestGateway.unheard: the endpoint has no such method/,
    })
  })

  contract(
    'an invalid request is not sent and an invalid response is an error',
    async (t, transport) => {
      const { gateway, endpoint } = await startPair(transport)
      let calls = 0
      endpoint.gateway.sayFunction = async () => {
        calls++
        return { text: 5 as unknown as string }
      }

      await t.rejects(gateway.say({} as { text: string }), {
        code: 'FLINK_RPC_INVALID_MESSAGE',
        field: 'text',
      })
      t.equal(calls, 0)
      await t.rejects(transport.settle(gateway.say({ text: '' })), {
        code: 'FLINK_RPC_INVALID_MESSAGE',
        subject: 'TestGateway.Say response',
        field: 'text',
      })
      endpoint.gateway.sayFunction = async () => undefined as never
      await t.rejects(transport.settle(gateway.say({ text: '' })), {
        code: 'FLINK_RPC_INVALID_MESSAGE',
      })
    },
  )

  contract(
    'oversized messages are refused on either side and name the limit',
    async (t, transport) => {
      const small = await transport.createService({ maxMessageBytes: 1000 })
      const large = await transport.createService({ maxMessageBytes: 4_000_000 })
      const endpoint = new TestEndpoint(options(transport, small))
      await endpoint.start()
      const big = { text: 'x'.repeat(2000) }
      const huge = { text: 'x'.repeat(3_000_000) }
      const fromSmall = small.connect(small.address, 'test_1', TEST_GATEWAY)
      const fromLarge = large.connect(small.address, 'test_1', TEST_GATEWAY)
      const tooLarge = { code: 'FLINK_RPC_MESSAGE_TOO_LARGE', message: /pekko.framesize/ }

      await t.rejects(transport.settle(fromSmall.say(big)), { ...tooLarge, sizeBytes: 2003 })
      await t.rejects(transport.settle(fromLarge.say(big)), { ...tooLarge, limitBytes: 1000 })
      await t.rejects(transport.settle(fromLarge.say(huge)), tooLarge)
      endpoint.gateway.sayFunction = async () => big
      await t.rejects(transport.settle(fromLarge.say({ text: '' })), {
        ...tooLarge,
        message: /Say response|say response/,
      })
    },
  )

  contract('a fenced endpoint answers its own token only', async (t, transport) => {
    const server = await transport.createService()
    const client = await transport.createService()
    const endpoint = new TestFencedEndpoint(options(transport, server))
    let calls = 0
    endpoint.gateway.sayFunction = async (request) => {
      calls++
      return request
    }
    await endpoint.start()
    const say = (fencingToken?: FencingToken) =>
      transport.settle(
        client
          .connect(server.address, 'test_1', TEST_GATEWAY, fencingToken ? { fencingToken } : {})
          .say({ text: 'hi' }),
      )
    const token = { epoch: 3, uuid: 'u-3' }

    await t.rejects(say(token), { code: 'FLINK_RPC_NOT_LEADER' })
    endpoint.fencingToken = token
    await t.rejects(say(), { code: 'FLINK_RPC_FENCING_TOKEN', expected: token })
    await t.rejects(say({ epoch: 2, uuid: 'u-3' }), {
      code: 'FLINK_RPC_FENCING_TOKEN',
      received: { epoch: 2, uuid: 'u-3' },
    })
    await t.rejects(say({ epoch: 3, uuid: 'u-4' }), { code: 'FLINK_RPC_FENCING_TOKEN' })
    t.equal(calls, 0)
    t.same(await say({ epoch: 3, uuid: 'u-3' }), { text: 'hi' })
    endpoint.fencingToken = undefined
    await t.rejects(say(token), { code: 'FLINK_RPC_NOT_LEADER' })
    t.equal(calls, 1)
    await endpoint.close()
  })

  contract(
    'closing an endpoint fails its calls in flight at once and frees its id',
    async (t, transport) => {
      const { server, gateway, endpoint } = await startPair(transport)
      const called = new Promise<void>((resolve) => {
        endpoint.gateway.sayFunction = () => {
          resolve()
          return new Promise(() => {})
        }
      })
      const call = gateway.say({ text: '' }, { timeoutMs: 1_000_000 })
      call.catch(() => {})
      await transport.settle(called)

      endpoint.scheduleForever()
      await Promise.all([endpoint.close(), endpoint.close()])

      await t.rejects(transport.settle(call), {
        code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
        reason: /closed during the call/,
      })
      await t.rejects(transport.settle(gateway.say({ text: '' })), {
        code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
      })
      t.same(endpoint.life, ['start', 'stop'])
      const successor = new TestEndpoint(options(transport, server))
      await successor.start()
      t.same(await transport.settle(gateway.say({ text: 'again' })), { text: 'again' })
      await successor.close()
    },
  )

  contract(
    'a closed peer fails calls in flight and tells those who watch',
    async (t, transport) => {
      const { server, client, gateway, endpoint } = await startPair(transport)
      const called = new Promise<void>((resolve) => {
        endpoint.gateway.sayFunction = () => {
          resolve()
          return new Promise(() => {})
        }
      })
      const lost = new Promise<Error>((resolve) => client.onConnectionLost(server.address, resolve))
      let told = 0
      client.onConnectionLost(server.address, () => told++)()
      const call = gateway.say({ text: '' }, { timeoutMs: 1_000_000 })
      call.catch(() => {})
      await transport.settle(called)

      await server.close()

      await t.rejects(transport.settle(call), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
      t.match(await transport.settle(lost), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
      t.equal(told, 0, 'an ended subscription hears nothing')
      await endpoint.close()
    },
  )

  contract('watching an address where nobody listens tells so', async (t, transport) => {
    const client = await transport.createService()

    const reason = await transport.settle(
      new Promise<Error>((resolve) => client.onConnectionLost(transport.deadAddress, resolve)),
    )

    t.match(reason.message, /refused/)
  })

  contract('whoever watches the own address is never told', async (t, transport) => {
    const { server, client, endpoint } = await startPair(transport)
    let told = 0
    server.onConnectionLost(server.address, () => told++)
    const peerTold = new Promise<Error>((resolve) =>
      client.onConnectionLost(server.address, resolve),
    )
    await endpoint.close()

    await server.close()

    await transport.settle(peerTold)
    t.equal(told, 0)
  })

  contract(
    'a closed service fails its own calls in flight and later ones',
    async (t, transport) => {
      const { client, gateway, endpoint } = await startPair(transport)
      const called = new Promise<void>((resolve) => {
        endpoint.gateway.sayFunction = () => {
          resolve()
          return new Promise(() => {})
        }
      })
      const call = gateway.say({ text: '' })
      call.catch(() => {})
      await transport.settle(called)

      await Promise.all([client.close(), client.close()])

      const closed = {
        code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
        reason: 'this RPC service was closed',
      }
      await t.rejects(call, closed)
      await t.rejects(gateway.say({ text: '' }), closed)
      await endpoint.close()
    },
  )

  contract('an endpoint id is served once', async (t, transport) => {
    const { server } = await startPair(transport)
    const second = new TestEndpoint(options(transport, server))

    await t.rejects(second.start(), { code: 'ERR_ASSERTION' })
    await second.close()
  })
}
