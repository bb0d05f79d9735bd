/** The folder of the task in which this process runs, as the process sees it; undefined: it is in none. */
export function sandboxOf(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return environment['MESOS_SANDBOX'] || undefined
}
