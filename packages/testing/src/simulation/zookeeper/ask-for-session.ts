import type {
  SimulatedZooKeeperClientSettings,
  SimulatedZooKeeperServers,
} from './simulated-zookeeper-servers.js'
import type { ZooKeeperConnection } from './zookeeper-connection.js'
import type { ZooKeeperWatchers } from './zookeeper-watchers.js'

export interface AskForSessionOptions {
  readonly client: Pick<SimulatedZooKeeperClientSettings, 'authorization' | 'acl'>
  readonly servers: SimulatedZooKeeperServers
  readonly timeoutMs: number
  /** That the client has; undefined: a new one is wanted. */
  readonly id: string | undefined
  /** Ended first, if the servers have it yet. */
  readonly givenUp: string | undefined
  /** Set anew for a session that the client has. */
  readonly watchers: ZooKeeperWatchers
  /** Of the last transaction that the client knows. */
  readonly zxid: () => number
  /** The client has heard of this transaction. */
  readonly onTransaction: (zxid: number) => void
  /** The servers have answered. @param id undefined: the session is over */
  readonly onAnswered: (id: string | undefined) => void
}

/** What a client says first over a new connection: which session it wants, and what it watches. */
export function askForSession(
  connection: ZooKeeperConnection,
  options: AskForSessionOptions,
): void {
  const { client, servers, timeoutMs, id, givenUp, watchers } = options
  const { authorization, acl } = client
  connection.send('toServers', () => {
    if (givenUp !== undefined) servers.closeSession(givenUp)
    const session = servers.accept({
      id,
      timeoutMs,
      credentials: authorization && `${authorization.scheme}:${authorization.credentials}`,
      exclusive: acl === 'creator',
      connection,
      tell: (event, zxid) =>
        connection.send('toClient', () => {
          options.onTransaction(zxid)
          watchers.tell(event)
        }),
    })
    connection.send('toClient', () => options.onAnswered(session?.id))
    if (id === undefined) return
    session?.watchAgain({
      zxid: options.zxid(),
      data: watchers.paths('data'),
      exist: watchers.paths('exist'),
      children: watchers.paths('children'),
    })
  })
}
