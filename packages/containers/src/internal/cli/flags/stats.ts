import type { Name } from "../../../Engine.js"

/** @internal */
export const statsArguments = (
  { client }: { readonly client: Name },
  container: string,
  follow: boolean
): ReadonlyArray<string> => [
  "container",
  "stats",
  ...(follow ? client === "podman" ? ["--interval", "1", "--no-reset"] : [] : ["--no-stream"]),
  "--format",
  // Podman prints formatted texts unless the field with the numbers is selected.
  client === "podman" ? "{{json .ContainerStats}}" : "{{json .}}",
  container
]
