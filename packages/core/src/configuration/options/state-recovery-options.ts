import { ConfigOptions } from '../config-options.js'

/** What a job begins with. */
export const StateRecoveryOptions = {
  SAVEPOINT_PATH: ConfigOptions.key('execution.state-recovery.path')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('execution.savepoint.path')
    .withDescription('Folder of the savepoint or checkpoint that the job begins with.'),
  RESTORE_MODE: ConfigOptions.key('execution.state-recovery.claim-mode')
    .enumType('NO_CLAIM', 'CLAIM', 'LEGACY')
    .defaultValue('NO_CLAIM')
    .withDeprecatedKeys('execution.savepoint-restore-mode')
    .withDescription(
      'Whose it is then: `CLAIM`, the job removes it as it removes its own; `NO_CLAIM`, nobody else than its owner, and the first checkpoint of the job needs nothing of it.',
    ),
  LOCAL_RECOVERY: ConfigOptions.key('execution.state-recovery.from-local')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('state.backend.local-recovery')
    .withDescription(
      'Whether tasks restore from the copy on their TaskManager where it is there and intact, see `execution.checkpointing.local-backup.enabled`.',
    ),
  SAVEPOINT_IGNORE_UNCLAIMED_STATE: ConfigOptions.key(
    'execution.state-recovery.ignore-unclaimed-state',
  )
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('execution.savepoint.ignore-unclaimed-state')
    .withDescription('Whether state of operators that the job does not have is left out.'),
} as const
