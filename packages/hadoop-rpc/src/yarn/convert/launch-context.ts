import { FlinkError } from '@flink-ts/core'
import type { MessageInput } from '../../messages/message-codec.js'
import type {
  ContainerLaunchContextMessage,
  LocalResourceMessage,
  UrlMessage,
} from '../../messages/messages.generated.js'
import type { ContainerLaunchContext, LocalResource } from '../protocols.js'

/** The URL of a local resource is none that Hadoop understands. */
export class InvalidLocalResourceError extends FlinkError {
  readonly url: string

  constructor(url: string) {
    super(
      `'${url}' is no URL of a file for a container: expected is scheme://host:port/path or file:///path`,
      { code: 'FLINK_YARN_LOCAL_RESOURCE' },
    )
    this.url = url
  }
}

export function launchContextToMessage(
  context: ContainerLaunchContext,
): MessageInput<ContainerLaunchContextMessage> {
  return {
    localResources: Object.entries(context.localResources).map(([key, resource]) => ({
      key,
      value: localResourceToMessage(resource),
    })),
    environment: Object.entries(context.environment).map(([key, value]) => ({ key, value })),
    command: context.commands,
    tokens: context.tokens,
  }
}

function localResourceToMessage(resource: LocalResource): MessageInput<LocalResourceMessage> {
  return {
    resource: urlToMessage(resource.url),
    size: BigInt(resource.size),
    timestamp: BigInt(resource.timestamp),
    type: resource.type,
    visibility: resource.visibility,
  }
}

const URL_PARTS =
  /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?:([^/@]*)@)?(\[[^\]]*\]|[^/:]*)(?::(\d{1,5}))?)?(\/.*)$/

/** Paths are as Hadoop writes them: nothing in them is percent-encoded. */
function urlToMessage(url: string): UrlMessage {
  const match = URL_PARTS.exec(url)
  if (match === null) throw new InvalidLocalResourceError(url)
  const [, scheme, userInfo, host, port, file] = match
  return {
    scheme,
    userInfo,
    host: host === '' ? undefined : host,
    port: port === undefined ? undefined : Number(port),
    file,
  }
}
