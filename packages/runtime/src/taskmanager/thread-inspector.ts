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
  readonly url: string
  readonly location: { readonly lineNumber: number; readonly columnNumber: number }
}
interface WorkerMessage {
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly CallFrame[] }
}

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
    let sessionId: string | undefined
    let commands = 0
    const cancelTimer = clock.schedule(PAUSE_TIMEOUT_MS, () => finish(undefined))
    const finish = (frames: readonly ThreadFrame[] | undefined) => {
      cancelTimer()
      // Detaching lets the thread run on.
      session.disconnect()
      resolve(frames)
    }
    const command = (method: string) => {
      const message = JSON.stringify({ id: ++commands, method })
      session.post('NodeWorker.sendMessageToWorker', { sessionId: sessionId!, message })
    }
    session.connect()
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.workerId !== String(threadId)) return
      sessionId = params.sessionId
      command('Debugger.enable')
      command('Debugger.pause')
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== sessionId) return
      const { method, params: details } = JSON.parse(params.message) as WorkerMessage
      if (method === 'Debugger.paused') finish(details?.callFrames?.map(threadFrame))
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error) finish(undefined)
    })
  })
}

function threadFrame({ functionName, url, location }: CallFrame): ThreadFrame {
  return {
    functionName: functionName === '' ? '<anonymous>' : functionName,
    url,
    line: location.lineNumber + 1,
    column: location.columnNumber + 1,
  }
}
