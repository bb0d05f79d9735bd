/** What a ticket is good for. */
export interface LaunchSecrets {
  /** Of the cluster. */
  readonly configuration: Readonly<Record<string, string>>
  /** Text of the secret of the cluster; absent: its file is on the agent. */
  readonly secret?: string
}

export function formatLaunchSecrets(secrets: LaunchSecrets): string {
  return JSON.stringify(secrets)
}

/** Undefined: it is of another version. */
export function parseLaunchSecrets(text: string): LaunchSecrets | undefined {
  const { configuration, secret }: Partial<LaunchSecrets> = JSON.parse(text)
  if (typeof configuration !== 'object' || configuration === null) return undefined
  if (Object.values(configuration).some((value) => typeof value !== 'string')) return undefined
  return { configuration, ...(typeof secret === 'string' ? { secret } : {}) }
}
