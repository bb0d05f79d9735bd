/** A change to the compiled code that breaks a promise, and that the simulation must find. */
export interface Patch {
  readonly name: string
  /** What is broken. */
  readonly breaks: string
  readonly edits: readonly Edit[]
  /** Scenarios that are run with each seed. */
  readonly scenarios: readonly string[]
  /** A seed that found it; tried before all others. */
  readonly pinnedSeed: number
}

/** Replaces a piece of one compiled module. */
export interface Edit {
  /** Below `packages/`. */
  readonly module: string
  /** Found exactly once in the module, or the run fails. */
  readonly find: string
  readonly replace: string
}

/** Kept broken versions: a simulation that finds nothing may be blind. */
export const PATCHES: readonly Patch[] = [
  {
    name: 'drop-fencing',
    breaks: 'a TaskManager obeys JobMasters and ResourceManagers that do not lead any more',
    edits: [
      {
        module: 'runtime/dist/taskexecutor/task-executor-callers.js',
        find: 'const caller = CALLERS[method];',
        replace: 'return;\n    const caller = CALLERS[method];',
      },
    ],
    scenarios: ['leader-chaos'],
    pinnedSeed: 3,
  },
  {
    name: 'grant-twice',
    breaks: 'the ResourceManager goes on counting a slot that it has granted among the free ones',
    edits: [
      {
        module: 'runtime/dist/resourcemanager/slotmanager/slot-tracker.js',
        find: 'taskManager.freeSlots.delete(slot);',
        replace: '',
      },
    ],
    scenarios: ['two-jobs'],
    pinnedSeed: 1,
  },
  {
    name: 'hold-twice',
    breaks:
      'a TaskManager forgets which slot it has given away when the ResourceManager asks again',
    edits: [
      {
        module: 'runtime/dist/taskexecutor/slot/task-slot-table.js',
        find: 'this.#byNumber.delete(slot.slotNumber);',
        replace: '',
      },
    ],
    scenarios: ['two-jobs', 'word-count'],
    pinnedSeed: 1,
  },
  {
    name: 'leak-timer',
    breaks: 'timers that are cancelled wait on, also those of endpoints that are closed',
    edits: [
      {
        module: 'rpc/dist/endpoint/main-thread-executor.js',
        find: 'cancelTimer();',
        replace: '',
      },
    ],
    scenarios: ['word-count'],
    pinnedSeed: 1,
  },
  {
    name: 'forget-release',
    breaks: 'the program of an ended job stays at the BlobServer',
    edits: [
      {
        module: 'runtime/dist/dispatcher/dispatcher-term.js',
        find: 'this.#programs.release(jobId),',
        replace: '',
      },
    ],
    scenarios: ['word-count'],
    pinnedSeed: 1,
  },
  {
    name: 'stale-attempt',
    breaks: 'reports of an earlier attempt count for the current one',
    edits: [
      {
        module: 'runtime/dist/executiongraph/execution-graph.js',
        find: 'return execution?.attemptId === attemptId ? execution : undefined;',
        replace: `const subtask = (id) => id.slice(0, id.lastIndexOf('_'));
        return execution ?? this.vertices.find(({ current }) => subtask(current.attemptId) === subtask(attemptId))?.current;`,
      },
    ],
    scenarios: ['lossy-network', 'chaos'],
    pinnedSeed: 9,
  },
  {
    name: 'ignore-lost-task-manager',
    breaks: 'a JobMaster goes on using the slots of a TaskManager that it has lost',
    edits: [
      {
        module: 'runtime/dist/jobmaster/job-master.js',
        find: 'const slots = this.#components.slotPool.removeTaskManager(resourceId);',
        replace: 'const slots = [];',
      },
    ],
    scenarios: ['task-manager-crash'],
    pinnedSeed: 4,
  },
  {
    name: 'tell-before-kept',
    breaks: 'the end of a job is told before a later leader could know of it',
    edits: [
      {
        module: 'runtime/dist/dispatcher/dispatcher-term.js',
        find: 'stores.jobResults.putDirtyResult(result)',
        replace: 'Promise.resolve()',
      },
    ],
    scenarios: ['leader-chaos'],
    pinnedSeed: 8,
  },
  {
    name: 'keep-dead-slots',
    breaks: 'the slots of a lost TaskManager stay in the ResourceManager',
    edits: [
      {
        module: 'runtime/dist/resourcemanager/registered-task-executors.js',
        find: 'this.#options.slotManager.unregisterTaskManager(resourceId);',
        replace: '',
      },
    ],
    scenarios: ['task-manager-crash'],
    pinnedSeed: 4,
  },
  {
    name: 'forget-worker',
    breaks:
      'the ResourceManager forgets workers that it does not need any more, and does not release them',
    edits: [
      {
        module: 'runtime/dist/resourcemanager/active/active-workers.js',
        find: `driver.releaseResource(handle);
        onGone(`,
        replace: 'onGone(',
      },
    ],
    scenarios: ['elastic-chaos'],
    pinnedSeed: 1,
  },
  {
    name: 'keep-token',
    breaks: 'the JobMaster of a process that has lost its leadership goes on',
    // With one election per process either of two guards is enough, so both are gone.
    edits: [
      {
        module: 'runtime/dist/dispatcher/job-manager-runner.js',
        find: `this.#token = undefined;
        this.#closeJobMaster();`,
        replace: '',
      },
      {
        module: 'runtime/dist/dispatcher/dispatcher-term.js',
        find: 'this.#track(runner.close());',
        replace: '',
      },
    ],
    scenarios: ['leader-chaos'],
    pinnedSeed: 3,
  },
  {
    name: 'ack-missing',
    breaks: 'a checkpoint is complete although the state of one task is missing',
    edits: [
      {
        module: 'runtime/dist/checkpoint/pending-checkpoint.js',
        find: 'return this.#waitingFor.size === 0;',
        replace: 'return this.#waitingFor.size <= 1;',
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 1,
  },
  {
    name: 'skip-abort',
    breaks: 'a checkpoint that is pending when tasks restart is not given up',
    edits: [
      {
        module: 'runtime/dist/checkpoint/checkpoint-coordinator.js',
        find: 'this.abortPending(reason, cause);',
        replace: '',
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 2,
  },
  {
    name: 'commit-early',
    breaks: 'a sink commits with its snapshot, before the checkpoint is complete',
    edits: [
      {
        module: 'runtime/dist/operators/sink-writer-operator.js',
        find: `this.#storeCommittables();
    }`,
        replace: `this.#storeCommittables();
        await this.#committables.commit(await this.#getCommitter(), checkpointId);
    }`,
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 3,
  },
  {
    name: 'restore-older',
    breaks: 'tasks restart from the oldest checkpoint that is kept',
    edits: [
      {
        module: 'runtime/dist/checkpoint/completed-checkpoint-store.js',
        find: 'return this.#checkpoints.at(-1);',
        replace: 'return this.#checkpoints[0];',
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 3,
  },
  {
    name: 'read-on',
    breaks: 'a task reads on behind a barrier while others are awaited',
    edits: [
      {
        module: 'runtime/dist/taskmanager/checkpoint/task-checkpoints.js',
        find: 'input.block(channel);',
        replace: ';',
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 2,
  },
  {
    name: 'lose-in-flight',
    breaks: 'records that barriers overtook are not restored',
    edits: [
      {
        module: 'runtime/dist/checkpoint/state-assignment.js',
        find: 'inFlight: operatorId === head ? this.#inFlight(jobVertex, subtaskIndex) : [],',
        replace: 'inFlight: [],',
      },
    ],
    scenarios: ['checkpoints'],
    pinnedSeed: 7,
  },
  {
    name: 'write-unfenced',
    breaks: 'changes are made without a look whether the term goes on',
    edits: [
      {
        module: 'ha-zookeeper/dist/fenced-writer.js',
        find: 'await zooKeeper.multi([check, ...operations])',
        replace: '[check, ...(await zooKeeper.multi(operations))]',
      },
    ],
    scenarios: ['zookeeper'],
    pinnedSeed: 1,
  },
  {
    name: 'lead-on',
    breaks: 'a process that has lost its place in the election goes on as if it led',
    edits: [
      {
        module: 'ha-zookeeper/dist/election/leader-latch.js',
        find: `if (from === 'leading')
            this.#options.onLost();`,
        replace: '',
      },
    ],
    scenarios: ['zookeeper'],
    pinnedSeed: 2,
  },
  {
    name: 'keep-address',
    breaks: 'the address of a JobMaster stays when its job has ended',
    edits: [
      {
        module: 'ha-zookeeper/dist/election/published-addresses.js',
        find: `publication.wanted = undefined;
        this.#settle(publication);`,
        replace: '',
      },
    ],
    scenarios: ['zookeeper'],
    pinnedSeed: 1,
  },
]
