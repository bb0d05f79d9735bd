const COMMANDS: Readonly<Record<string, string>> = {
  kubernetes: 'kubectl delete deployment',
  yarn: 'yarn application -kill',
}

/** How the cluster manager's own tools end a cluster by force; undefined: not known here. */
export function killCommand(platform: string, clusterId: string): string | undefined {
  const command = COMMANDS[platform]
  return command === undefined ? undefined : `${command} ${clusterId}`
}
