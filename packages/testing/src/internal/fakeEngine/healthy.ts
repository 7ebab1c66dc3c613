import type { Script } from "../../FakeEngine.js"

const id = "f".repeat(64)

const imageId = `sha256:${"a".repeat(64)}`

const time = "2024-01-01T00:00:00Z"

const container = {
  Id: id,
  Name: "/fake",
  Created: time,
  Image: imageId,
  Config: { Image: "localhost/fake:1", Labels: {} },
  State: {
    Status: "running",
    Running: true,
    Paused: false,
    ExitCode: 0,
    OOMKilled: false,
    Error: "",
    StartedAt: time,
    FinishedAt: "0001-01-01T00:00:00Z"
  },
  NetworkSettings: {
    Ports: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "49153" }] },
    Networks: { bridge: { IPAddress: "172.17.0.2" } }
  }
}

const image = {
  Id: imageId,
  RepoTags: ["localhost/fake:1"],
  RepoDigests: [],
  Created: time,
  Os: "linux",
  Architecture: "amd64",
  Size: 1024,
  Config: { Labels: {} }
}

const networkId = "c".repeat(64)

const networks = {
  docker: {
    Name: "fake",
    Id: networkId,
    Created: time,
    Driver: "bridge",
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [{ Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" }] },
    Internal: false,
    Containers: {},
    Options: {},
    Labels: {}
  },
  podman: {
    name: "fake",
    id: networkId,
    driver: "bridge",
    network_interface: "podman1",
    created: time,
    subnets: [{ subnet: "10.89.0.0/24", gateway: "10.89.0.1" }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: true,
    ipam_options: { driver: "host-local" }
  }
} as const

const volume = {
  Name: "fake",
  Driver: "local",
  Mountpoint: "/var/lib/fake",
  CreatedAt: time,
  Labels: {},
  Scope: "local",
  Options: {}
}

const stats = {
  docker: {
    CPUPerc: "0.50%",
    MemUsage: "1.5MiB / 1GiB",
    MemPerc: "0.15%",
    NetIO: "1.2kB / 0B",
    BlockIO: "0B / 0B",
    PIDs: "1"
  },
  podman: {
    CPU: 0.5,
    CPUNano: 1_000_000,
    MemUsage: 1_572_864,
    MemLimit: 1_073_741_824,
    NetInput: 1200,
    NetOutput: 0,
    BlockInput: 0,
    BlockOutput: 0,
    PIDs: 1
  }
} as const

const histories = {
  docker: { ID: imageId, CreatedAt: time, CreatedBy: "/bin/sh", Size: "1024", Comment: "" },
  podman: [{ id: "a".repeat(64), created: time, CreatedBy: "/bin/sh", size: 1024, comment: "" }]
} as const

const json = (value: unknown) => `${JSON.stringify(value)}\n`

const detection = {
  docker: [
    [
      "version",
      json({
        Client: { Version: "28.2.2", ApiVersion: "1.41", DefaultAPIVersion: "1.50" },
        Server: { Version: "20.10.24", ApiVersion: "1.41", Components: [{ Name: "Engine", Version: "20.10.24" }] }
      })
    ],
    ["info", json({ ServerVersion: "20.10.24", SecurityOptions: ["name=seccomp,profile=default"] })],
    ["info --format {{.SystemTime}}", `${time}\n`],
    ["context inspect", "unix:///var/run/docker.sock\n"]
  ],
  podman: [
    ["version", json({ Client: { APIVersion: "4.3.1", Version: "4.3.1" } })],
    [
      "info",
      json({
        host: { security: { rootless: false }, serviceIsRemote: false },
        version: { Version: "4.3.1", APIVersion: "4.3.1" }
      })
    ]
  ]
} as const

/**
 * Answers of a healthy client to the commands that a backend uses, by the first
 * words of the command.
 *
 * @internal
 */
export const answers = (engine: Script["engine"]): ReadonlyArray<readonly [command: string, stdout: string]> => [
  ...detection[engine],
  ["container create", `${id}\n`],
  ["container inspect", json([container])],
  ["container ls", `${id}\n`],
  ["container commit", `${imageId}\n`],
  ["container wait", "0\n"],
  ...["exec", "kill", "logs", "pause", "rename", "restart", "rm", "start", "stop", "unpause"].map((word) =>
    [`container ${word}`, ""] as const
  ),
  ["image inspect", json([image])],
  ["image ls", `${imageId}\n`],
  ...["pull", "push", "rm", "tag", "untag", "prune", "save"].map((word) => [`image ${word}`, ""] as const),
  ["image load", "Loaded image: localhost/fake:1\n"],
  ["image import", `${imageId}\n`],
  ["image history", json(histories[engine])],
  ["build", ""],
  ["container cp", ""],
  ["container stats", json(stats[engine])],
  ["container top", "PID USER COMMAND\n1 root sh\n"],
  ["events", ""],
  ["network create", `${networkId}\n`],
  ["network inspect", json([networks[engine]])],
  ["network inspect --format {{.Name}}", "fake\n"],
  ["network ls", `${networkId}\n`],
  ...["connect", "disconnect", "rm"].map((word) => [`network ${word}`, ""] as const),
  ["volume create", "fake\n"],
  ["volume inspect", json([volume])],
  ["volume ls", "fake\n"],
  ["volume rm", ""]
]

/**
 * Exit code and message of a client that cannot connect to its engine.
 *
 * @internal
 */
export const gone = {
  docker: {
    exitCode: 1,
    text: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
  },
  podman: {
    exitCode: 125,
    text: "Cannot connect to Podman. Please verify your connection to the Linux system using " +
      "`podman system connection list`, or try `podman machine init` and `podman machine start` to manage a new Linux VM"
  }
} as const
