export { freePorts, type InstancePorts } from "../../sdk/testing/ports.ts";
