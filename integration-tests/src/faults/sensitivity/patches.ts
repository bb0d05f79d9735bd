/** A change to the compiled code that breaks a promise, and that the fault run must find. */
export interface FaultPatch {
  readonly name: string
  /** What is broken. */
  readonly breaks: string
  readonly edits: readonly PatchEdit[]
  /** The faults with which it is found. */
  readonly scenario: string
  /** So many of them. */
  readonly faults: number
}

/** Replaces a piece of one compiled module. */
export interface PatchEdit {
  /** Below `packages/`. */
  readonly module: string
  /** Found exactly once in the module, or its process fails. */
  readonly find: string
  readonly replace: string
}

/** Kept broken versions: a run that finds nothing may be blind. */
export const FAULT_PATCHES: readonly FaultPatch[] = [
  {
    name: 'ack-missing',
    breaks: 'a checkpoint is complete though the state of one subtask is missing',
    edits: [
      {
        module: 'runtime/dist/checkpoint/pending-checkpoint.js',
        find: 'return this.#waitingFor.size === 0;',
        replace: 'return this.#waitingFor.size <= 1;',
      },
    ],
    scenario: 'throw-in-function',
    faults: 4,
  },
  {
    name: 'commit-early',
    breaks: 'a sink commits before the checkpoint is complete',
    edits: [
      {
        module: 'runtime/dist/operators/sink-writer-operator.js',
        find: 'this.#storeCommittables();\n    }',
        replace:
          'this.#storeCommittables();\n        await this.#commitFully(context.checkpointId);\n    }',
      },
    ],
    scenario: 'fail-commit',
    faults: 4,
  },
  {
    name: 'commit-twice',
    breaks: 'a commit that is repeated makes its rows visible again',
    edits: [
      {
        module: 'connector-files/dist/sink/file-committer.js',
        find: 'await this.#fileSystems.forPath(path).createResumableWriter().commit(state);',
        replace: `const fileSystem = this.#fileSystems.forPath(path);
                if (await fileSystem.exists(path)) {
                  const { copyFileSync } = await import('node:fs');
                  copyFileSync(path, path + 'again');
                }
                await fileSystem.createResumableWriter().commit(state);`,
      },
    ],
    scenario: 'fail-commit',
    faults: 4,
  },
  {
    name: 'skip-abort',
    breaks: 'what was committed after the checkpoint that a job is restored from stays',
    edits: [
      {
        module: 'connector-files/dist/sink/take-back.js',
        find: 'if (states.length === 0 && !finishedFiles)',
        replace: 'if (states.length >= 0)',
      },
    ],
    scenario: 'damage-newest',
    faults: 1,
  },
  {
    name: 'lost-buffer',
    breaks: 'some records in a row never reach their operator',
    edits: [
      {
        module: 'runtime/dist/taskmanager/input/gate-handlers.js',
        find: `this.recordCount++;
        this.#operator.processElement(value, timestamp);`,
        replace: `this.recordCount++;
        if (this.recordCount > 3000 && this.recordCount <= 3020) return;
        this.#operator.processElement(value, timestamp);`,
      },
    ],
    scenario: 'throw-in-function',
    faults: 4,
  },
  {
    name: 'stale-timer',
    breaks: 'timers that have fired are in the next snapshots as well',
    edits: [
      {
        module: 'runtime/dist/operators/timers/timer-queue.js',
        find: 'this.#forget(this.#heap.pop());',
        replace: `const popped = this.#heap.pop();
        this.#forget(popped);
        (this.stale ??= []).push(popped);`,
      },
      {
        module: 'runtime/dist/operators/timers/timer-queue.js',
        find: 'return this.#groups.get(keyGroup)?.slice() ?? [];',
        replace: `const fired = (this.stale ?? []).filter((timer) => timer.keyGroup === keyGroup);
        return [...(this.#groups.get(keyGroup) ?? []), ...fired.slice(-1)];`,
      },
    ],
    scenario: 'throw-in-function',
    faults: 4,
  },
  {
    name: 'forgotten-checkpoints',
    breaks: 'the next ApplicationMaster begins the job anew instead of from its last checkpoint',
    edits: [
      {
        module: 'runtime/dist/checkpoint/completed-checkpoint-store.js',
        find: 'return new CompletedCheckpointStore(options, checkpoints, damaged);',
        replace: 'return new CompletedCheckpointStore(options, [], []);',
      },
    ],
    scenario: 'yarn-kill-application-master',
    faults: 1,
  },
]
