import { type Fault, type FaultContext, lasting } from './fault.js'

function anyServer({ storage, random, note }: FaultContext) {
  const server = storage.servers[random.nextInt(storage.servers.length)]!
  note(server.name)
  return server
}

/** Faults of the servers that checkpoints are kept on: not for local disks. */
export const STORAGE_FAULTS: readonly Fault[] = [
  {
    name: 'pause-storage',
    weight: 12,
    restarts: false,
    async inject(context) {
      const server = anyServer(context)
      server.pause()
      try {
        await lasting(300 + context.random.nextInt(5000))
      } finally {
        server.resume()
      }
      return true
    },
  },
  {
    name: 'restart-storage',
    weight: 12,
    restarts: false,
    async inject(context) {
      const server = anyServer(context)
      await server.kill()
      await lasting(context.random.nextInt(3000))
      await server.restart()
      return true
    },
  },
  {
    name: 'kill-task-manager-without-storage',
    weight: 8,
    restarts: false,
    async inject(context) {
      const { cluster, random } = context
      const server = anyServer(context)
      await server.kill()
      const busy = cluster.places.filter(({ pid }) => pid !== undefined)
      await cluster.kill(busy[random.nextInt(busy.length)]!.pid!)
      await cluster.refill()
      await lasting(random.nextInt(3000))
      await server.restart()
      return true
    },
  },
]
