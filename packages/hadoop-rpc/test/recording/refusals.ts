import { IpcClient, type IpcClientOptions, type Token } from '@flink-ts/hadoop-rpc'
import { failureOf } from './failure-of.js'

const MASTER = 'org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB'
const CLIENT = 'org.apache.hadoop.yarn.api.ApplicationClientProtocolPB'
const NOTHING = new Uint8Array(0)

/** Ports of one ResourceManager. */
export interface ResourceManagerAddresses {
  readonly schedulerAddress: string
  readonly clientAddress: string
  readonly webAddress: string
}

/** How a ResourceManager refuses, and one call without authentication that it takes. */
export async function runRefusals(
  addresses: ResourceManagerAddresses,
  token: Token,
  options: IpcClientOptions,
) {
  const call = async (...parameters: ConstructorParameters<typeof IpcClient>) => {
    const client = new IpcClient(...parameters)
    try {
      return await client.call('getNewApplication', NOTHING)
    } finally {
      client.close()
    }
  }
  const { schedulerAddress, clientAddress, webAddress } = addresses
  const simple = { kind: 'simple', user: 'somebody' } as const
  const withToken = (changed: Partial<Token>) =>
    ({ kind: 'token', token: { ...token, ...changed } }) as const
  const password = new Uint8Array(20)
  const identifier = Uint8Array.from(token.identifier, (byte, index) =>
    index === 3 ? byte ^ 1 : byte,
  )
  return {
    wrongPassword: await failureOf(
      call(MASTER, [schedulerAddress], withToken({ password }), options),
    ),
    unknownToken: await failureOf(
      call(MASTER, [schedulerAddress], withToken({ identifier }), options),
    ),
    noToken: await failureOf(call(MASTER, [schedulerAddress], simple, options)),
    webPort: await failureOf(call(MASTER, [webAddress], withToken({}), options)),
    unknownMethod: await failureOf(call(MASTER, [schedulerAddress], withToken({}), options)),
    wrongProtocol: await failureOf(call(MASTER, [clientAddress], simple, options)),
    newApplication: await call(CLIENT, [clientAddress], simple, options),
  }
}
