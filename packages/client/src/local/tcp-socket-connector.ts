import { connect } from 'node:net'
import type { SocketConnection, SocketConnector } from '@flink-ts/core'

/** Outgoing TCP connections. */
export class TcpSocketConnector implements SocketConnector {
  connect(host: string, port: number): SocketConnection {
    const socket = connect({ host, port })
    // Without a listener an error after `close` would end the process.
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
