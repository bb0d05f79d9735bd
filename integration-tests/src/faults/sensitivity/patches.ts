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
  /** What the run says is wrong when it has found it. Default: wrong rows, which tell more than that a job does not go on. */
  readonly violation?: RegExp
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
  {
    name: 'mesos-framework-id-forgotten',
    breaks: 'the next JobManager registers as another framework',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/framework/framework-identity.js',
        find: 'this.#frameworkId = stored ?? inFile;',
        replace: 'this.#frameworkId = undefined;',
      },
    ],
    scenario: 'mesos-kill-job-manager',
    faults: 1,
    violation: /another framework than/,
  },
  {
    name: 'mesos-workers-not-kept',
    breaks: 'tasks are launched of which nothing is kept for the next JobManager',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/tasks/worker-store.js',
        find: 'return this.#put(record.taskId, encodeWorkerRecord(record));',
        replace: 'return Promise.resolve();',
      },
    ],
    scenario: 'mesos-kill-job-manager',
    faults: 1,
    violation: /TaskManagers have ended with their JobManager/,
  },
  {
    name: 'mesos-not-reconciled',
    breaks: 'nobody asks what has become of the tasks of a former JobManager',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/tasks/reconciliation.js',
        find: "call({ type: 'RECONCILE', tasks });",
        replace: '',
      },
      {
        module: 'resourcemanager-mesos/dist/tasks/reconciliation.js',
        find: "call({ type: 'RECONCILE', tasks: [] });",
        replace: '',
      },
    ],
    scenario: 'mesos-lose-machine-without-job-manager',
    faults: 1,
    violation: /the job goes on after lose-machine-without-job-manager/,
  },
  {
    name: 'mesos-orphans-live-on',
    breaks: 'tasks of which nothing is known are not killed',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/tasks/worker-tasks.js',
        find: 'if (!mayRun(state)) {',
        replace: 'if (state !== undefined) {',
      },
    ],
    scenario: 'mesos-forget-task-managers',
    faults: 1,
    violation: /until the TaskManagers that nobody knows have ended/,
  },
  {
    name: 'mesos-zombies-live-on',
    breaks: 'tasks that were given up are not killed when their agent is back',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/tasks/task-state.js',
        find: `staging: 'KILLING',
        alive: 'KILLING',
        killing: 'KILLING',`,
        replace: "staging: '-', alive: '-', killing: '-',",
      },
    ],
    scenario: 'mesos-freeze-machine-until-lost',
    faults: 1,
    violation: /until the TaskManagers that hang have ended/,
  },
  {
    name: 'mesos-not-acknowledged',
    breaks: 'Mesos is not told that its updates are known',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/tasks/acknowledgements.js',
        find: "this.#options.call({ type: 'ACKNOWLEDGE', agentId, taskId, uuid });",
        replace: ';',
      },
    ],
    scenario: 'mesos-kill-task-manager',
    faults: 1,
    violation: /until nothing waits to be acknowledged/,
  },
  {
    name: 'mesos-secret-shown',
    breaks: 'tasks have the secret of their cluster in a label',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/launch/worker-task.js',
        find: 'labels: Object.fromEntries(configuration.get(MesosOptions.TASKS_LABELS) ?? []),',
        replace: `labels: {
            secret: process
                .getBuiltinModule('node:fs')
                .readFileSync(process.env.FLINK_CONF_DIR + '/cluster-secret', 'utf8')
                .trim(),
        },`,
      },
    ],
    scenario: 'mesos-kill-task-manager',
    faults: 1,
    violation: /^the secret, which Mesos tells everybody/,
  },
  {
    name: 'mesos-no-teardown',
    breaks: 'a cluster that ends leaves its framework registered',
    edits: [
      {
        module: 'resourcemanager-mesos/dist/framework/framework-end.js',
        find: 'const isEnded = mayBeThere &&',
        replace: 'const isEnded = false &&',
      },
    ],
    scenario: 'mesos-kill-task-manager',
    faults: 1,
    violation: /^framework /,
  },
]
