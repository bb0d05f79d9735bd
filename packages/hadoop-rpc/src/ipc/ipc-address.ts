import { HadoopConfigurationError } from '../configuration/hadoop-configuration-error.js'

/** Where a daemon listens. */
export interface IpcAddress {
  /** `host:port`, as it was given. */
  readonly text: string
  readonly host: string
  readonly port: number
}

/** @throws HadoopConfigurationError if the text is no `host:port` */
export function parseIpcAddress(text: string): IpcAddress {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port === 0 || port > 65_535)
    throw new HadoopConfigurationError(`'${text}' is no address of a daemon: expected is host:port`)
  return { text, host: match[1] ?? match[2]!, port }
}
