import { CliArgumentError } from '../terminal/terminal.js'

/** The job id of a command line. @throws CliArgumentError */
export function parseJobId(text: string): string {
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase()
  throw new CliArgumentError(
    `Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, e.g. fd72014d4c864993a2e5a9287b4a9c5d.`,
  )
}
