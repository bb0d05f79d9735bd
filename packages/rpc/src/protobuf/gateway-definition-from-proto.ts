import assert from 'node:assert/strict'
import protobuf from 'protobufjs'
import type { GatewayDefinition, MethodDefinition } from '../gateway-definition.js'
import { MessageCodec } from './message-codec.js'

const roots = new Map<string, protobuf.Root>()

/**
 * The wire form of the service `serviceFullName` (with its package) of the `.proto` text
 * `protoSource`. Each text is parsed once per process.
 *
 * Methods take the service's names with a lower-case first letter. Messages are plain camelCase
 * objects; see the package's README for how each kind of field looks.
 *
 * @throws AssertionError when the service or one of its messages does not exist or streams.
 */
export function gatewayDefinitionFromProto<G>(
  protoSource: string,
  serviceFullName: string,
): GatewayDefinition<G> {
  return definitionIn(
    rootOf(protoSource, () => protobuf.parse(protoSource, { keepCase: false }).root),
    serviceFullName,
  )
}

/**
 * As {@link gatewayDefinitionFromProto} of the text that was parsed before: a process that starts need not.
 *
 * @param descriptor JSON text of what protobufjs' `Root.toJSON()` makes of the parsed text
 */
export function gatewayDefinitionFromDescriptor<G>(
  descriptor: string,
  serviceFullName: string,
): GatewayDefinition<G> {
  return definitionIn(
    rootOf(descriptor, () => protobuf.Root.fromJSON(JSON.parse(descriptor))),
    serviceFullName,
  )
}

function definitionIn<G>(root: protobuf.Root, serviceFullName: string): GatewayDefinition<G> {
  const service = root.lookup(serviceFullName, [protobuf.Service])
  assert(service instanceof protobuf.Service, `the proto text declares service ${serviceFullName}`)
  const methods: Record<string, MethodDefinition> = {}
  for (const method of service.methodsArray) {
    method.resolve()
    const name = `${service.name}.${method.name}`
    assert(!method.requestStream && !method.responseStream, `${name} is a unary method`)
    const request = new MessageCodec(method.resolvedRequestType!, `${name} request`)
    const response = new MessageCodec(method.resolvedResponseType!, `${name} response`)
    methods[method.name[0]!.toLowerCase() + method.name.slice(1)] = {
      encodeRequest: (message) => request.encode(message),
      decodeRequest: (bytes) => request.decode(bytes),
      encodeResponse: (message) => response.encode(message),
      decodeResponse: (bytes) => response.decode(bytes),
    }
  }
  // The generated interface G and the service come from the same text; the type cannot show it.
  return { name: service.name, methods } as GatewayDefinition<G>
}

function rootOf(source: string, make: () => protobuf.Root): protobuf.Root {
  let root = roots.get(source)
  if (root === undefined) {
    root = make()
    root.resolveAll()
    roots.set(source, root)
  }
  return root
}
