/**
 * How the messages of one method cross the wire. Each function validates what it is given and
 * throws `RpcMessageError` naming method and field; neither keeps a reference to its argument,
 * but decoded `bytes` fields are views of the decoded buffer.
 */
export interface MethodDefinition {
  encodeRequest(message: object): Uint8Array
  decodeRequest(bytes: Uint8Array): object
  encodeResponse(message: object): Uint8Array
  decodeResponse(bytes: Uint8Array): object
}

/**
 * The wire form of a gateway `G`, an interface whose every method is
 * `(request: Message, options?: CallOptions) => Promise<Message>`.
 * Usually made by {@link gatewayDefinitionFromProto}.
 */
export interface GatewayDefinition<G> {
  /** For messages and logs, such as `JobMasterGateway`. */
  readonly name: string
  readonly methods: Readonly<Record<keyof G & string, MethodDefinition>>
}
