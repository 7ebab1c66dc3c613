import { accessSuite } from "./access.js"

accessSuite()
