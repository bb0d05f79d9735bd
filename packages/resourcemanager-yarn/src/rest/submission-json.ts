import type { ApplicationSubmission } from './resource-manager-records.js'

/** The body of a submission as YARN's REST API takes it. */
export function submissionJson(submission: ApplicationSubmission): unknown {
  const { launchContext, resource, acls, rolledLogs } = submission
  const acl = { VIEW_APP: acls.view, MODIFY_APP: acls.modify }
  const logs = {
    'rolled-log-include-pattern': rolledLogs.include,
    'rolled-log-exclude-pattern': rolledLogs.exclude,
  }
  return withoutUndefined({
    'application-id': submission.applicationId,
    'application-name': submission.name,
    'application-type': submission.type,
    'application-tags': submission.tags.length === 0 ? undefined : { tag: submission.tags },
    queue: submission.queue,
    priority: submission.priority,
    'max-app-attempts': submission.maxAttempts,
    'unmanaged-AM': false,
    resource: { memory: resource.memoryMb, vCores: resource.vcores },
    'keep-containers-across-application-attempts': submission.keepContainers,
    'attempt-failures-validity-interval': submission.attemptFailuresValidityIntervalMs,
    'app-node-label-expression': submission.nodeLabelExpression,
    'log-aggregation-context': Object.values(logs).some((pattern) => pattern !== undefined)
      ? withoutUndefined(logs)
      : undefined,
    'am-container-spec': {
      'local-resources': entries(
        Object.entries(launchContext.localResources).map(([key, file]) => [
          key,
          {
            resource: escapedPath(file.url),
            type: file.type,
            visibility: file.visibility,
            size: file.size,
            timestamp: file.timestamp,
          },
        ]),
      ),
      environment: entries(Object.entries(launchContext.environment)),
      commands: { command: launchContext.commands.join(' ') },
      'application-acls': entries(
        Object.entries(acl).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
    },
  })
}

/** YARN takes it as a URI, and the path of a file is what that means. */
function escapedPath(url: string): string {
  // These are URIs everywhere here.
  if (/^file:/i.test(url)) return new URL(url).href
  const [, authority, path] = /^([^/]*:\/\/[^/]*)(.*)$/s.exec(url) ?? [undefined, '', url]
  return authority + path!.split('/').map(encodeURIComponent).join('/')
}

function entries(pairs: readonly (readonly [string, unknown])[]): unknown {
  return { entry: pairs.map(([key, value]) => ({ key, value })) }
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
