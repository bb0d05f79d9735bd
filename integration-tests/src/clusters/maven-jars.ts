import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const COPY_JARS = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** A jar in Maven Central: group, name, version, and the group of what it names but does not get. */
export type MavenJar = readonly [group: string, name: string, version: string, without?: string]

/** Fetches jars and what they need into a new folder, which is there only when it is complete. @throws Error without Maven */
export function fetchJars(folder: string, jars: readonly MavenJar[]): void {
  mkdirSync(dirname(folder), { recursive: true })
  const work = mkdtempSync(`${folder}-`)
  try {
    const dependencies = jars.map(
      ([group, name, version, without]) =>
        `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>${exclusion(without)}</dependency>`,
    )
    const pom = join(work, 'pom.xml')
    writeFileSync(
      pom,
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>flink-ts</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>\n`,
    )
    const { status, error } = spawnSync(
      'mvn',
      ['-q', '-B', '-f', pom, COPY_JARS, '-DincludeScope=runtime', `-DoutputDirectory=${work}/lib`],
      { stdio: 'inherit' },
    )
    if (status !== 0) {
      throw new Error(
        `Cannot fetch ${jars[0]?.[1]}: ${error?.message ?? `mvn ended with ${status}`}`,
      )
    }
    renameSync(join(work, 'lib'), folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function exclusion(group: string | undefined): string {
  if (group === undefined) return ''
  return `<exclusions><exclusion><groupId>${group}</groupId><artifactId>*</artifactId></exclusion></exclusions>`
}
