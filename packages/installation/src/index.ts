export { DISTRIBUTION_MODULES, isDistribution, MAINS_FOLDER, modulesOf } from './installation.js'
export {
  INSTALLATION_PARTS,
  type InstallationContent,
  installationContent,
  packInstallation,
} from './installation-archive.js'
export { KnownDigests, type KnownDigestsOptions } from './known-digests.js'
export { nodeProgramProblem } from './node-program.js'
