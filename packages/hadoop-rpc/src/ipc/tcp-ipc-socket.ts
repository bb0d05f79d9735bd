import { connect } from 'node:net'
import type { IpcSocketConnector } from './ipc-socket.js'

/** Connections over TCP, without delay of small packets. */
export const connectTcpIpcSocket: IpcSocketConnector = (host, port, handlers) => {
  const socket = connect({ host, port, noDelay: true, keepAlive: true })
  let failure: Error | undefined
  let isOver = false
  socket.on('connect', () => handlers.opened())
  socket.on('data', (bytes: Uint8Array) => {
    if (!isOver) handlers.data(bytes)
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    if (isOver) return
    isOver = true
    handlers.closed(failure)
  })
  return {
    write(bytes) {
      if (!isOver) socket.write(bytes)
    },
    destroy() {
      isOver = true
      socket.destroy()
    },
  }
}
