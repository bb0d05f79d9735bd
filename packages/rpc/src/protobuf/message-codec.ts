import type protobuf from 'protobufjs'

export class MessageCodec {
  readonly type: protobuf.Type
  constructor(type: protobuf.Type, _subject: string) {
    this.type = type
  }
  encode(message: object): Uint8Array {
    return this.type.encode(message).finish()
  }
  decode(bytes: Uint8Array): object {
    return this.type.decode(bytes)
  }
}
