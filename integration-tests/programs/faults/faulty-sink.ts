/** A sink whose commits fail when the driver of the fault run says so. */
import type {
  CommitRequest,
  Committer,
  CommitterInitContext,
  Sink,
  WriterInitContext,
} from '@flink-ts/core'
import { takeFile } from './control.js'

/** Commits half of what it is given and then fails, or ends its process, if a file `fail-commit` is there. */
export class FaultySink<T, CommT, StateT> implements Sink<T, CommT, StateT> {
  readonly committableSerializer
  readonly writerStateSerializer
  private readonly sink: Sink<T, CommT, StateT>
  private readonly control: string

  constructor(sink: Sink<T, CommT, StateT>, control: string) {
    this.sink = sink
    this.control = control
    this.committableSerializer = sink.committableSerializer!
    this.writerStateSerializer = sink.writerStateSerializer!
  }

  createWriter(context: WriterInitContext) {
    return this.sink.createWriter(context)
  }

  restoreWriter(context: WriterInitContext, states: readonly StateT[]) {
    return this.sink.restoreWriter!(context, states)
  }

  async createCommitter(context: CommitterInitContext): Promise<Committer<CommT>> {
    const committer = await this.sink.createCommitter!(context)
    const { control } = this
    return {
      async commit(requests: CommitRequest<CommT>[]) {
        const how = requests.length > 0 ? takeFile(control, 'fail-commit') : undefined
        if (how === undefined) return committer.commit(requests)
        await committer.commit(
          requests.slice(0, how === 'before' ? 0 : Math.ceil(requests.length / 2)),
        )
        if (how === 'kill') process.kill(process.pid, 'SIGKILL')
        throw new Error(`the driver of the fault run lets the commit fail (${how})`)
      },
      close: () => committer.close(),
    }
  }
}
