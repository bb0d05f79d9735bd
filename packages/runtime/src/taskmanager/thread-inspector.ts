import { Session } from 'node:inspector'
import type { Clock } from '@flink-ts/core'

/** A frame of a paused thread; lines and columns count from 1. */
export interface ThreadFrame {
  readonly functionName: string
  readonly url: string
  readonly line: number
  readonly column: number
}

interface CallFrame {
  readonly functionName: string
  readonly location: {
    readonly scriptId: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
}
interface WorkerMessage {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly callFrames?: readonly CallFrame[]
    readonly scriptId?: string
    readonly url?: string
  }
}

const ENABLE = 1
const PAUSE = 2
const DISABLE = 3
/** Longest wait for a thread to stop for its stack, in ms; one inside a native call never does. */
const PAUSE_TIMEOUT_MS = 1000

/**
 * The JavaScript stack of a worker thread of this process, also while it is in an endless loop: the
 * main thread's inspector stops it for a moment. Undefined if it cannot be stopped in a second.
 *
 * @param threadId the worker's `threadId`
 */
export function takeThreadStack(
  threadId: number,
  clock: Clock,
): Promise<readonly ThreadFrame[] | undefined> {
  return new Promise((resolve) => {
    const session = new Session()
    const urls = new Map<string | undefined, string | undefined>()
    let sessionId: string | undefined
    const cancelTimer = clock.schedule(PAUSE_TIMEOUT_MS, () => finish(undefined))
    const finish = (frames: readonly ThreadFrame[] | undefined) => {
      cancelTimer()
      resolve(frames)
      // A thread whose debugger just goes away stays stopped, and cannot even be terminated.
      if (sessionId === undefined) session.disconnect()
      else command(DISABLE, 'Debugger.disable')
    }
    const command = (id: number, method: string) => {
      const message = JSON.stringify({ id, method })
      session.post('NodeWorker.sendMessageToWorker', { sessionId: sessionId!, message })
    }
    session.connect()
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // The inspector numbers workers by itself; the thread's id is in the title alone.
      if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return
      sessionId = params.sessionId
      command(ENABLE, 'Debugger.enable')
      command(PAUSE, 'Debugger.pause')
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== sessionId) return
      const { id, method, params: details } = JSON.parse(params.message) as WorkerMessage
      if (id === DISABLE) session.disconnect()
      if (method === 'Debugger.scriptParsed') urls.set(details?.scriptId, details?.url)
      if (method === 'Debugger.paused') {
        finish(details?.callFrames?.map((frame) => threadFrame(frame, urls)))
      }
    })
    // The thread has ended meanwhile.
    session.on('NodeWorker.detachedFromWorker', ({ params }) => {
      if (params.sessionId !== sessionId) return
      finish(undefined)
      session.disconnect()
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error) finish(undefined)
    })
  })
}

function threadFrame(
  { functionName, location }: CallFrame,
  urls: ReadonlyMap<string | undefined, string | undefined>,
): ThreadFrame {
  return {
    functionName: functionName === '' ? '<anonymous>' : functionName,
    url: urls.get(location.scriptId) ?? '',
    line: location.lineNumber + 1,
    column: location.columnNumber + 1,
  }
}
