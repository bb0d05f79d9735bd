import type { FrameworkInfo } from '../records/framework-info.js'
import type { JsonObject } from '../records/json.js'
import { encodeLabels, id } from './encode-fields.js'

export function encodeFramework(framework: FrameworkInfo): JsonObject {
  const { principal, hostname, webuiUrl, roles, capabilities, labels } = framework
  const hasManyRoles = capabilities.includes('MULTI_ROLE')
  return {
    name: framework.name,
    user: framework.user,
    ...(framework.id !== undefined && { id: id(framework.id) }),
    ...(hasManyRoles ? { roles } : { ...(roles[0] !== undefined && { role: roles[0] }) }),
    ...(principal !== undefined && { principal }),
    failover_timeout: framework.failoverTimeoutSeconds,
    checkpoint: framework.checkpoint,
    ...(hostname !== undefined && { hostname }),
    ...(webuiUrl !== undefined && { webui_url: webuiUrl }),
    capabilities: capabilities.map((type) => ({ type })),
    ...(labels !== undefined && { labels: encodeLabels(labels) }),
  }
}

/** The call that opens the stream. */
export function encodeSubscribe(framework: FrameworkInfo): JsonObject {
  return {
    type: 'SUBSCRIBE',
    ...(framework.id !== undefined && { framework_id: id(framework.id) }),
    subscribe: { framework_info: encodeFramework(framework) },
  }
}
