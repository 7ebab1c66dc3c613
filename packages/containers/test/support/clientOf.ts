import { Engine } from "@ociman/containers"
import { Option } from "effect"

/** The command line client of an engine that is not in memory. */
export const clientOf = (engine: Engine.Engine): Engine.Cli => Option.getOrThrow(Engine.client(engine))
