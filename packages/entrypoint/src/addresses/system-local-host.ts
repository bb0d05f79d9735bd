import { createSocket } from 'node:dgram'
import { hostname } from 'node:os'
import { FlinkError } from '@flink-ts/core'
import type { LocalHost } from './task-manager-address.js'

/** Any port will do: nothing is sent. */
const PORT = 9

/** This machine, as the system knows it. */
export const systemLocalHost: LocalHost = {
  get hostName() {
    return hostname()
  },

  addressTowards(host) {
    return new Promise((resolve, reject) => {
      // A datagram socket that is "connected" sends nothing, but the system chooses its own address.
      const socket = createSocket('udp4')
      const refuse = (cause: Error) => {
        socket.close()
        reject(
          new FlinkError(
            `Cannot find out which address of this machine ${host} can reach: ${cause.message}; set taskmanager.host`,
            { code: 'FLINK_HOST_UNKNOWN', cause },
          ),
        )
      }
      socket.once('error', refuse)
      socket.connect(PORT, host, () => {
        const { address } = socket.address()
        socket.close()
        resolve(address)
      })
    })
  },
}
