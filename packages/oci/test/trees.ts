import { NodeImages } from "@ociman/node"
import { Effect, Layer } from "effect"
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const layerServices = Layer.mergeAll(NodeImages.layer)

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "ociman-layer-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** Lists a directory, one line for each entry: name, permissions unless they are the usual ones, content. */
export const describeTree = (root: string, directory = ""): ReadonlyArray<string> =>
  readdirSync(join(root, directory)).sort().flatMap((name) => {
    const path = directory === "" ? name : `${directory}/${name}`
    const location = `${root}/${path}`
    const stats = lstatSync(location)
    if (stats.isSymbolicLink()) return [`${path} -> ${readlinkSync(location)}`]
    const mode = (stats.mode & 0o7777).toString(8)
    if (stats.isFile()) return [`${path} ${mode} ${readFileSync(location, "latin1")}`]
    return [mode === "755" ? `${path}/` : `${path}/ ${mode}`, ...describeTree(root, path)]
  })
