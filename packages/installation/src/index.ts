export { DISTRIBUTION_MODULES, isDistribution, MAINS_FOLDER, modulesOf } from './installation.js'
export {
  type InstallationContent,
  installationContent,
  packInstallation,
} from './installation-archive.js'
export { nodeProgramProblem } from './node-program.js'
