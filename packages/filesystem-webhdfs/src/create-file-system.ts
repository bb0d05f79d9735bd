import { userInfo } from 'node:os'
import { type FileSystem, type FileSystemContext, FileSystemOptions } from '@flink-ts/core'
import { NameNodes } from './name-nodes.js'
import { WebHdfsClient } from './web-hdfs-client.js'
import { WebHdfsFileSystem } from './web-hdfs-file-system.js'

/** Makes the file system of `hdfs://`, `webhdfs://` or `swebhdfs://` from the configuration (`webhdfs.…`). */
export function createFileSystem(context: FileSystemContext): FileSystem {
  const { scheme, configuration, clock, random } = context
  const port = configuration.get(FileSystemOptions.WEBHDFS_PORT)
  // An hdfs:// path has the port of another protocol.
  const addressOf = (authority: string) =>
    scheme !== 'hdfs' && /:\d+$/.test(authority)
      ? authority
      : `${authority.replace(/:\d+$/, '')}:${port}`
  const client = new WebHdfsClient({
    nameNodes: new NameNodes(
      configuration.get(FileSystemOptions.WEBHDFS_NAMENODES) ?? [],
      addressOf,
    ),
    isSecure: scheme === 'swebhdfs',
    userName:
      configuration.get(FileSystemOptions.WEBHDFS_USER_NAME) ??
      process.env['HADOOP_USER_NAME'] ??
      userInfo().username,
    requestTimeoutMs: configuration.get(FileSystemOptions.WEBHDFS_REQUEST_TIMEOUT),
    clock,
  })
  return new WebHdfsFileSystem({ scheme, client, random })
}
