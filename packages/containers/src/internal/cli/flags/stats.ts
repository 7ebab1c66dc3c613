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
  // Behind the texts that Podman prints are the numbers.
  client === "podman" ? "{{json .ContainerStats}}" : "{{json .}}",
  container
]
