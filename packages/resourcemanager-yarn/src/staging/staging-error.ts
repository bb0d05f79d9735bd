import { FlinkError } from '@flink-ts/core'

/** Files of an application cannot be put where its containers find them. */
export class StagingError extends FlinkError {
  readonly path: string

  constructor(attempt: string, path: string, cause: unknown, userName: string) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const where = why.includes(path) ? '' : ` ${path}`
    super(`Cannot ${attempt}${where}: ${oneLine(why)}.\n${remedyOf(why, path, userName)}`, {
      code: 'FLINK_YARN_STAGING',
      retriable: FlinkError.is(cause) && cause.retriable,
      cause,
    })
    this.path = path
  }
}

function remedyOf(why: string, path: string, userName: string): string {
  if (/safe ?mode/i.test(why)) {
    return 'HDFS is in safe mode and takes no files until it has found its blocks: "hdfs dfsadmin -safemode get" tells, an administrator ends it with "-safemode leave".'
  }
  if (/quota/i.test(why)) {
    return `The quota of a folder above ${path} is used up: remove files there ("hdfs dfs -count -q" shows), have the quota raised, or set yarn.staging-directory to another folder.`
  }
  if (/AccessControlException|Permission denied|EACCES|EPERM/i.test(why)) {
    return `User '${userName}' may not write there: set yarn.staging-directory to a folder of this user, or have its home folder made; HADOOP_USER_NAME names another user.`
  }
  if (/ENOSPC|could only be (?:written|replicated) to|no space/i.test(why)) {
    return 'The file system has no room, or no DataNode that takes blocks: free space, or start DataNodes.'
  }
  if (
    /ECONN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ETIMEDOUT|timeout|socket hang up/i.test(why)
  ) {
    return 'Is HDFS up, with WebHDFS (dfs.webhdfs.enabled)? webhdfs.namenodes names the web addresses of NameNodes; the names that DataNodes have there must be reachable from here.'
  }
  return 'yarn.staging-directory names another folder, hdfs://… or file://… on a disk that all nodes share.'
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}
