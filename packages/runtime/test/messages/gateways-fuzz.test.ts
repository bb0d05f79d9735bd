import { RpcMessageError } from '@flink-ts/rpc'
import fc from 'fast-check'
import t from 'tap'
import * as gateways from '../../dist/messages/gateways.js'

interface Method {
  decodeRequest(bytes: Uint8Array): object
  encodeRequest(message: object): Uint8Array
  decodeResponse(bytes: Uint8Array): object
}

const definitions = Object.values(gateways).flatMap((value: unknown) => {
  const isDefinition = typeof value === 'object' && value !== null && 'methods' in value
  return isDefinition ? [value as { name: string; methods: Record<string, Method> }] : []
})

for (const { name, methods } of definitions) {
  t.test(
    `${name}: random, damaged and truncated messages are an error or a whole message`,
    async (t) => {
      for (const [method, codec] of Object.entries(methods)) {
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
            for (const decode of [codec.decodeRequest, codec.decodeResponse]) {
              try {
                const message = decode(bytes)
                // What is accepted has the declared form, so that it could be sent on.
                if (decode === codec.decodeRequest) codec.encodeRequest(message)
              } catch (error) {
                if (!(error instanceof RpcMessageError)) throw error
              }
            }
          }),
          { numRuns: 60 },
        )
        t.pass(method)
      }
    },
  )
}
