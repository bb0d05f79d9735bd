import { connect } from 'node:net'
import type { SocketConnection, SocketConnector } from '@flink-ts/core'

/** Outgoing TCP connections of a task's thread. */
export class WorkerSocketConnector implements SocketConnector {
  connect(host: string, port: number): SocketConnection {
    const socket = connect({ host, port })
    // Without a listener an error after `close` would end the thread.
    socket.on('error', () => {})
    return {
      onData: (listener) => void socket.on('data', listener),
      onEnd: (listener) => void socket.on('end', listener),
      onError: (listener) => void socket.on('error', listener),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      close: () => void socket.destroy(),
    }
  }
}
