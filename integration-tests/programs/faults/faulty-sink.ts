/** The file sink of the fault run: its commits fail when the driver says so, and it looks at what it finds when it is restored. */
import { appendFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  basePathBucketAssigner,
  FileSink,
  type FileSinkCommittable,
  type FileWriterState,
} from '@flink-ts/connector-files'
import type {
  CommitRequest,
  Committer,
  CommitterInitContext,
  Sink,
  WriterInitContext,
} from '@flink-ts/core'
import { takeFile } from './control.js'

/** Commits half of what it is given and then fails, or ends its process, if a file `fail-commit` is there. */
export class FaultySink implements Sink<string, FileSinkCommittable, FileWriterState> {
  readonly committableSerializer
  readonly writerStateSerializer
  private readonly sink: FileSink<string>
  private readonly output: string
  private readonly control: string

  constructor(output: string, control: string) {
    this.sink = FileSink.forRowFormat<string>(output)
      .withBucketAssigner(basePathBucketAssigner)
      .withTakeBackOnRestore()
      .build()
    this.output = output
    this.control = control
    this.committableSerializer = this.sink.committableSerializer
    this.writerStateSerializer = this.sink.writerStateSerializer
  }

  createWriter(context: WriterInitContext) {
    return this.sink.createWriter(context)
  }

  restoreWriter(context: WriterInitContext, states: readonly FileWriterState[]) {
    // Older checkpoints are used only when the driver has damaged the newest: else nothing beyond may be visible.
    if (!existsSync(join(this.control, 'falls-back'))) this.tellCommittedTooEarly(states)
    return this.sink.restoreWriter(context, states)
  }

  async createCommitter(context: CommitterInitContext): Promise<Committer<FileSinkCommittable>> {
    const committer = this.sink.createCommitter(context)
    const { control } = this
    return {
      async commit(requests: CommitRequest<FileSinkCommittable>[]) {
        const how = requests.length > 0 ? takeFile(control, 'fail-commit') : undefined
        if (how === undefined) return committer.commit(requests)
        const half = how === 'before' ? 0 : Math.ceil(requests.length / 2)
        await committer.commit(requests.slice(0, half))
        if (how === 'kill') process.kill(process.pid, 'SIGKILL')
        throw new Error(`the driver of the fault run lets the commit fail (${how})`)
      },
      close: () => committer.close(),
    }
  }

  /** What the sink would take back hides what the checker is to find. */
  private tellCommittedTooEarly(states: readonly FileWriterState[]): void {
    const nextParts = new Map(states.map(({ uid, nextPart }) => [uid, nextPart]))
    for (const name of readdirSync(this.output)) {
      const [, uid, number] = /^part-(\w+)-(\d+)$/.exec(name) ?? []
      const nextPart = uid === undefined ? undefined : nextParts.get(uid)
      if (nextPart === undefined || Number(number) < nextPart) continue
      appendFileSync(join(this.control, 'violations'), `${name} was committed too early\n`)
    }
  }
}
