import type { Socket } from 'node:net'

/**
 * The next `length` bytes of a socket that nobody else reads; what comes behind them stays in it.
 *
 * @throws Error when the socket ends or breaks before
 */
export function readExactly(socket: Socket, length: number): Promise<Buffer> {
  if (length === 0) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off('readable', tryRead)
      socket.off('error', reject)
      socket.off('end', onEnd)
      socket.off('close', onEnd)
      outcome()
    }
    const onEnd = () =>
      settle(() => reject(socket.errored ?? new Error('the peer closed the connection')))
    const tryRead = () => {
      const bytes = socket.read(length) as Buffer | null
      if (bytes === null) return
      settle(() => {
        if (bytes.length === length) resolve(bytes)
        else reject(new Error('the peer closed the connection'))
      })
    }
    if (socket.destroyed || socket.readableEnded) {
      onEnd()
      return
    }
    socket.on('readable', tryRead)
    socket.on('error', reject)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    tryRead()
  })
}
