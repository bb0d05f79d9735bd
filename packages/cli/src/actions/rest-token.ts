import { closeSync, openSync, writeFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { configuredSecret } from '@flink-ts/client/remote'
import { FlinkError } from '@flink-ts/core'
import { restToken } from '@flink-ts/core/security'
import { CLUSTER_OPTIONS } from '../arguments/cluster-options.js'
import { configurationFolder } from '../flink-home.js'
import { connectToCluster } from '../targets/cluster-connection.js'
import { targetOf } from '../targets/target-of.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'

/** `flink rest-token`: what people show to the REST API of a cluster that asks who they are. It never stands on a screen. */
export const restTokenAction: Action = {
  name: 'rest-token',
  summary:
    'writes the token for the REST API of a cluster into a new file, for "curl -K <file>"; it is the password for browsers, with any user name.',
  positional: '<file>',
  options: CLUSTER_OPTIONS,
  async run(args, context) {
    const [word, ...more] = args.positional
    if (word === undefined || more.length > 0) {
      throw new CliArgumentError('Specify one file that is to be written.')
    }
    const { terminal, configuration, workingDirectory, environment } = context
    const path = isAbsolute(word) ? word : resolve(workingDirectory, word)
    const target = targetOf(args, context)
    if (target.kind === 'deployed') {
      const { handle, close } = await connectToCluster(args, context, target)
      await close()
      const secret = handle?.secret
      if (secret === undefined) {
        throw new FlinkError(`The cluster ${handle?.clusterId} asks nobody for a token`, {
          code: 'FLINK_CLUSTER_SECRET',
        })
      }
      write(path, restToken(secret))
    } else {
      write(path, restToken(configuredSecret(configuration, configurationFolder(environment))))
    }
    terminal.out(`Wrote ${path}, for you alone: whoever has it may do everything by REST.`)
    return 0
  },
}

/** Never over a file that is there: it might be open to others. */
function write(path: string, token: string): void {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (cause) {
    throw new FlinkError(`Cannot write ${path}: ${(cause as Error).message}`, {
      code: 'FLINK_CLI_ARGUMENT',
      cause,
    })
  }
  try {
    writeFileSync(file, `header = "Authorization: Bearer ${token}"\n`)
  } finally {
    closeSync(file)
  }
}
