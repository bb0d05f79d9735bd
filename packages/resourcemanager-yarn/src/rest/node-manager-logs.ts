import { HttpConnectionError, type HttpTransport } from './http-transport.js'

const TIMEOUT_MS = 3_000
const TAIL_BYTES = 4096
/** What the contents stand between. */
const BEGIN = 'LogContents:\n'
const END = 'End of LogType:'

export interface ContainerLogsOptions {
  /** `host:port` of the NodeManager's pages. */
  readonly nodeHttpAddress: string
  readonly isSecure: boolean
  readonly containerId: string
  readonly userName: string
  readonly transport: HttpTransport
}

/**
 * The last lines of a container's log file, as long as its NodeManager has it.
 *
 * @returns undefined if there is no such file, it is empty, or the NodeManager does not answer
 */
export async function containerLogTail(
  options: ContainerLogsOptions,
  file: string,
  maxLines: number,
): Promise<string | undefined> {
  const { nodeHttpAddress, isSecure, containerId, userName, transport } = options
  if (nodeHttpAddress === '' || containerId === '') return undefined
  const path = `/ws/v1/node/containerlogs/${encodeURIComponent(containerId)}/${encodeURIComponent(file)}`
  const query = `size=-${TAIL_BYTES}&user.name=${encodeURIComponent(userName)}`
  let text: string
  try {
    const url = `${isSecure ? 'https' : 'http'}://${nodeHttpAddress}${path}?${query}`
    const { status, body } = await transport({ method: 'GET', url, timeoutMs: TIMEOUT_MS })
    if (status !== 200) return undefined
    text = body
  } catch (error) {
    if (error instanceof HttpConnectionError) return undefined
    throw error
  }
  const begin = text.indexOf(BEGIN)
  if (begin < 0) return undefined
  const end = text.lastIndexOf(END)
  const contents = text.slice(begin + BEGIN.length, end < begin ? undefined : end)
  const lines = contents.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines.length === 0 ? undefined : lines.slice(-maxLines).join('\n')
}
