import { startHadoop } from './hadoop.js'
import type { ExternalServer } from './server-process.js'

export interface Hdfs {
  /** `host:port` of the NameNode's WebHDFS. */
  readonly httpAddress: string
  /** `host:port` of its own protocol, as in `hdfs://` paths. */
  readonly rpcAddress: string
  /** The NameNode and the DataNode. */
  readonly servers: readonly ExternalServer[]
  stop(): Promise<void>
}

/** Starts a NameNode and a DataNode with nothing in them. */
export async function startHdfs(): Promise<Hdfs> {
  const { addresses, nameNode, dataNode, stop } = await startHadoop({ nodeManagers: 0 })
  return {
    httpAddress: addresses.nameNodeHttp,
    rpcAddress: addresses.nameNode,
    servers: [nameNode, dataNode],
    stop,
  }
}
