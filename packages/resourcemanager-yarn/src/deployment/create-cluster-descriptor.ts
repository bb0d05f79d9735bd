import { createFileSystems, FileSystemOptions } from '@flink-ts/core'
import { KnownDigests, packInstallation } from '@flink-ts/installation'
import type { ClusterDescriptor, ClusterDescriptorContext } from '@flink-ts/runtime'
import { axiosTransport } from '../rest/http-transport.js'
import { YarnClusterDescriptor } from './yarn-cluster-descriptor.js'
import { yarnEnvironment } from './yarn-environment.js'

/**
 * Makes the descriptor of clusters on YARN: reads Hadoop's configuration, asks nothing yet.
 *
 * @throws FlinkError when nothing says where YARN is, or Kerberos is wanted
 */
export async function createClusterDescriptor(
  context: ClusterDescriptorContext,
): Promise<ClusterDescriptor> {
  const yarn = await yarnEnvironment(context.configuration, context.environment)
  const { clock, random } = context
  const configuration = context.configuration
    .clone()
    .set(FileSystemOptions.WEBHDFS_USER_NAME, yarn.userName)
  if (yarn.nameNodes.length > 0) {
    configuration.set(FileSystemOptions.WEBHDFS_NAMENODES, yarn.nameNodes)
  }
  return new YarnClusterDescriptor({
    context,
    yarn,
    transport: axiosTransport,
    fileSystems: createFileSystems({ configuration, clock, random }),
    nodeProgram: process.execPath,
    pack: packInstallation,
    digests: new KnownDigests({ clock, random, log: context.log }),
  })
}
