import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Redacted from "effect/Redacted"
import type { BuildRequest } from "../../../BackendDriver.js"
import type * as Engine from "../../../Engine.js"
import * as ExtraHost from "../../../ExtraHost.js"
import * as Label from "../../../Label.js"
import { formatCsv } from "../../values/csv.js"
import { isClientVariable } from "../environment.js"
import * as imageArguments from "./image.js"

/**
 * Files of a build besides its directory.
 */
export interface Files {
  /** Path to which the client writes the id of the image. */
  readonly id: string
  /** Paths of secrets by their ids. */
  readonly secrets: Readonly<Record<string, string>>
}

/**
 * Arguments that build an image. Build arguments are passed by name, with their
 * values as variables of the client, except those that affect the client itself.
 */
export const buildArguments = (
  { client }: Pick<Engine.Cli, "client">,
  request: BuildRequest,
  files: Files
): ReadonlyArray<string> => [
  // Docker's classic builder keeps the container of a failed step otherwise.
  "--force-rm",
  "--iidfile",
  files.id,
  "--tag",
  imageArguments.name(request.image),
  ...flag("--file", dockerfileOf(request)),
  ...flag("--target", request.target),
  ...flag("--platform", request.platform && Platform.format(request.platform)),
  ...flag("--network", request.network),
  ...(request.noCache === true ? ["--no-cache"] : []),
  // With Podman 5, the bare flag pulls only missing images.
  ...(request.pullBase === true ? [client === "podman" ? "--pull=always" : "--pull"] : []),
  ...(request.extraHosts ?? []).flatMap((host) => ["--add-host", ExtraHost.format(host)]),
  ...(request.cacheFrom ?? []).flatMap((image) => ["--cache-from", cacheSource(client, image)]),
  ...Object.entries(files.secrets).flatMap(([id, path]) => ["--secret", formatCsv([`id=${id}`, `src=${path}`])]),
  ...Object.entries(request.arguments).flatMap(([name, value]) => [
    "--build-arg",
    isClientVariable(name) && !Redacted.isRedacted(value) ? `${name}=${value}` : name
  ]),
  ...Array.from(request.labels).flatMap(([key, value]) => ["--label", Label.format({ key, value })]),
  request.source._tag === "Directory" ? pathArgument(request.source.path) : "-"
]

const flag = (name: string, value: string | undefined) => value === undefined ? [] : [name, value]

// Podman caches layers in a repository under tags of its own and rejects a tag.
const cacheSource = (client: Engine.Name, image: Reference.Reference) =>
  Reference.format(client === "podman" ? Reference.nameOnly(image) : image)

const isAbsolute = (path: string) => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)

/** Path that cannot be mistaken for a flag, for standard input or for the URL of a repository. */
const pathArgument = (path: string) => isAbsolute(path) ? path : `./${path}`

const dockerfileOf = ({ dockerfile, source }: BuildRequest) => {
  if (dockerfile === undefined || source._tag === "Instructions") return undefined
  return isAbsolute(dockerfile) ? dockerfile : `${pathArgument(source.path)}/${dockerfile}`
}
