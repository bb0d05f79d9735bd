import { HadoopProtocolError } from '../ipc/hadoop-errors.js'
import type { IpcClient } from '../ipc/ipc-client.js'
import { decodeMessage, encodeMessage, type MessageInput } from '../messages/message-codec.js'
import type { HadoopMessages } from '../messages/messages.generated.js'
import type { HadoopCallOptions } from './protocols.js'

/**
 * Calls a method with messages.
 *
 * @throws HadoopProtocolError if the answer is no message of the kind that it should be
 */
export async function callMethod<Q extends keyof HadoopMessages, A extends keyof HadoopMessages>(
  client: IpcClient,
  method: string,
  [name, request]: readonly [Q, MessageInput<HadoopMessages[Q]>],
  answer: A,
  options?: HadoopCallOptions,
): Promise<HadoopMessages[A]> {
  const bytes = await client.call(method, encodeMessage(name, request), options)
  try {
    return decodeMessage(answer, bytes)
  } catch (error) {
    throw new HadoopProtocolError(
      client.addresses,
      `the answer to ${method} is damaged: ${(error as Error).message}`,
      error,
    )
  }
}
