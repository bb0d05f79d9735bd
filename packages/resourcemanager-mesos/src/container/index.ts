export { readContainerEnvironment } from './read-container-environment.js'
