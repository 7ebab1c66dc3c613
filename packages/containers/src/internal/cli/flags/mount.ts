import type * as Mount from "../../../Mount.js"
import { formatCsv } from "../../values/csv.js"

type Engine = "docker" | "podman"

/** Flag of `docker create` and `podman create` with its value. */
export type Flag = readonly [flag: "--mount" | "--volume" | "--tmpfs", value: string]

const option = (condition: boolean, text: string): ReadonlyArray<string> => condition ? [text] : []

const keyValue = (key: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`${key}=${value}`]

// `ro`, since Podman 4 does not support `readonly` for volumes and tmpfs.
const mountFlag = (type: string, mount: Mount.Mount, ...options: ReadonlyArray<string>): Flag => [
  "--mount",
  formatCsv([
    `type=${type}`,
    ...mount._tag === "Tmpfs" ? [] : keyValue("source", mount.source),
    `target=${mount.target}`,
    ...option(mount.readOnly, "ro"),
    ...options
  ])
]

const short = (parts: ReadonlyArray<string>, options: ReadonlyArray<string>): string =>
  [...parts, ...option(options.length > 0, options.join(","))].join(":")

const relabel = (selinux: Mount.Bind["selinux"]): ReadonlyArray<string> =>
  option(selinux !== undefined, selinux === "shared" ? "z" : "Z")

const formatBind = (self: Mount.Bind, engine: Engine): Flag => {
  if (engine === "docker" && (self.selinux !== undefined || self.createSource)) {
    return [
      "--volume",
      short([self.source, self.target], [
        ...option(self.readOnly, "ro"),
        ...relabel(self.selinux),
        ...self.propagation === undefined ? [] : [self.propagation]
      ])
    ]
  }
  return mountFlag(
    "bind",
    self,
    ...keyValue("bind-propagation", self.propagation),
    ...keyValue("relabel", self.selinux)
  )
}

const formatVolume = (self: Mount.Volume, engine: Engine): Flag => {
  if (self.source !== undefined && (self.selinux !== undefined || (engine === "podman" && self.noCopy))) {
    return [
      "--volume",
      short([self.source, self.target], [
        ...option(self.readOnly, "ro"),
        ...relabel(self.selinux),
        ...option(self.noCopy, "nocopy")
      ])
    ]
  }
  return mountFlag("volume", self, ...option(self.noCopy, "volume-nocopy"))
}

const formatTmpfs = (self: Mount.Tmpfs, engine: Engine): Flag => {
  const size = self.size?.toString()
  const mode = self.mode?.toString(8)
  if (engine === "docker" && self.exec) {
    return [
      "--tmpfs",
      short([self.target], [
        "exec",
        ...option(self.readOnly, "ro"),
        ...keyValue("size", size),
        ...keyValue("mode", mode)
      ])
    ]
  }
  return mountFlag(
    "tmpfs",
    self,
    ...keyValue("tmpfs-size", size),
    ...keyValue("tmpfs-mode", mode),
    // The default of Docker.
    ...option(engine === "podman", "notmpcopyup"),
    ...option(engine === "podman" && !self.exec, "noexec")
  )
}

/** Formats a mount as a flag of an engine's client. */
export const formatMount = (self: Mount.Mount, engine: Engine): Flag => {
  switch (self._tag) {
    case "Bind":
      return formatBind(self, engine)
    case "Volume":
      return formatVolume(self, engine)
    case "Tmpfs":
      return formatTmpfs(self, engine)
  }
}
