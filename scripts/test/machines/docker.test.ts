import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("../../engines.sh", import.meta.url))

// The script also searches the standard directories.
const hideOthers = `
  mount -t tmpfs tmpfs /run
  for directory in /usr/local/sbin /usr/sbin /sbin; do mount -t tmpfs tmpfs "$directory"; done
  "$0" up docker
  true
`

/** Makes a directory with every command of this machine except those of Docker and of package managers. */
const linkCommands = (directory: string) => {
  for (const source of ["/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin"]) {
    for (const name of readdirSync(source)) {
      const link = join(directory, name)
      if (!/^(docker|dockerd|apt-get)$/.test(name) && !existsSync(link)) symlinkSync(join(source, name), link)
    }
  }
}

/** Runs `engines.sh up docker` with only the given commands of Docker and without access to a daemon of this machine. */
const up = (commands: Readonly<Record<string, string>>) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-engines-"))
  try {
    mkdirSync(join(directory, "bin"))
    linkCommands(join(directory, "bin"))
    for (const [name, text] of Object.entries(commands)) {
      writeFileSync(join(directory, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    }
    const { stderr, stdout } = spawnSync(
      "unshare",
      ["--mount", "bash", "-c", hideOthers, script],
      {
        encoding: "utf8",
        env: {
          PATH: join(directory, "bin"),
          HOME: process.env.HOME,
          OCIMAN_DOCKERD_LOG: join(directory, "dockerd.log")
        }
      }
    )
    return `${stdout}${stderr}`
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const client = (complaint: string) =>
  `[ "$1" = --version ] && echo "Docker version 28.0.0" || { echo '${complaint}' >&2; exit 1; }`

describe("engines.sh up docker", () => {
  it("reports a missing client and its package", () => {
    const output = up({ dockerd: "exit 1" })
    assert.include(
      output,
      "docker: no client on PATH (a command `docker`, of Debian's package docker-cli or docker.io)"
    )
    assert.include(output, "docker: no client on PATH to reach a daemon with")
  })

  it("reports the last error of a daemon that ended", () => {
    const output = up({
      docker: client("Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
      dockerd:
        `echo 'level=info msg="Starting up"'; echo 'failed to start daemon: no space left'; echo 'level=info msg=bye'`
    })
    assert.include(output, "docker: the daemon ended: failed to start daemon: no space left")
    assert.notInclude(output, "does not answer")
  })

  it("reports a missing daemon that cannot be started", () => {
    const output = up({ docker: client("Cannot connect to the Docker daemon at tcp://10.0.0.1:1."), dockerd: "exit 1" })
    assert.include(output, "docker: no daemon: Cannot connect to the Docker daemon at tcp://10.0.0.1:1.")
  })

  it("reports a missing permission, and other failures with the message of the client", () => {
    const denied = up({ docker: client("permission denied while trying to connect"), dockerd: "exit 1" })
    assert.include(denied, "has no permission to use the daemon's socket")
    assert.include(up({ docker: client("broken configuration"), dockerd: "exit 1" }), "fails: broken configuration")
  })
})
