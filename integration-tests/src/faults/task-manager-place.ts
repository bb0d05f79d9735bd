import { TcpProxy } from './tcp-proxy.js'

/** One TaskManager after the other at the same place; others reach all of them through the same proxies. */
export interface TaskManagerPlace {
  readonly control: TcpProxy
  readonly data: TcpProxy
  /** Ports of the process itself. */
  rpcPort: number
  dataPort: number
  resourceId: string
  pid: number | undefined
}

export async function newTaskManagerPlace(): Promise<TaskManagerPlace> {
  const ports = { rpcPort: 0, dataPort: 0 }
  const place: Partial<TaskManagerPlace> & typeof ports = ports
  const control = await TcpProxy.listen(() => place.rpcPort)
  const data = await TcpProxy.listen(() => place.dataPort)
  return Object.assign(place, { control, data, resourceId: '', pid: undefined })
}
