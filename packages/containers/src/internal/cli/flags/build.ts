import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Redacted from "effect/Redacted"
import type { BuildRequest } from "../../../BackendDriver.js"
import type * as Engine from "../../../Engine.js"
import * as ExtraHost from "../../../ExtraHost.js"
import * as Label from "../../../Label.js"
import { formatCsv } from "../../values/csv.js"
import { isObeyedByClients } from "../environment.js"
import * as imageArguments from "./image.js"

/**
 * Where the files are that a build needs besides its directory.
 */
export interface Files {
  /** Where the client is to write the id of the image. */
  readonly id: string
  /** The secrets' files, by the secrets' ids. */
  readonly secrets: Readonly<Record<string, string>>
}

/**
 * The arguments that build an image. Build arguments are there by name, with
 * their values as variables of the client; but for those that it would obey.
 */
export const buildArguments = (
  { client }: Pick<Engine.Cli, "client">,
  request: BuildRequest,
  files: Files
): ReadonlyArray<string> => [
  // Docker's classic builder keeps the container of a step that fails.
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
  // Of Podman 5, the bare flag pulls only what is missing.
  ...(request.pullBase === true ? [client === "podman" ? "--pull=always" : "--pull"] : []),
  ...(request.extraHosts ?? []).flatMap((host) => ["--add-host", ExtraHost.format(host)]),
  ...(request.cacheFrom ?? []).flatMap((image) => ["--cache-from", cacheSource(client, image)]),
  ...Object.entries(files.secrets).flatMap(([id, path]) => ["--secret", formatCsv([`id=${id}`, `src=${path}`])]),
  ...Object.entries(request.arguments).flatMap(([name, value]) => [
    "--build-arg",
    isObeyedByClients(name) && !Redacted.isRedacted(value) ? `${name}=${value}` : name
  ]),
  ...Array.from(request.labels).flatMap(([key, value]) => ["--label", Label.format({ key, value })]),
  request.source._tag === "Directory" ? located(request.source.path) : "-"
]

const flag = (name: string, value: string | undefined) => value === undefined ? [] : [name, value]

// Podman keeps layers under names of its own in a repository, and refuses a tag.
const cacheSource = (client: Engine.Name, image: Reference.Reference) =>
  Reference.format(client === "podman" ? Reference.nameOnly(image) : image)

const isAbsolute = (path: string) => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)

/** A path that no client takes for a flag, for its standard input, or for an address of a repository. */
const located = (path: string) => isAbsolute(path) ? path : `./${path}`

const dockerfileOf = ({ dockerfile, source }: BuildRequest) => {
  if (dockerfile === undefined || source._tag === "Instructions") return undefined
  return isAbsolute(dockerfile) ? dockerfile : `${located(source.path)}/${dockerfile}`
}
