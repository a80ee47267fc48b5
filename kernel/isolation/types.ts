/** What this room does for that of the plugins, which says what it needs. */
export type { Fault, FaultKind, GuestPlugin, OnFault, PluginProcesses } from "../plugins/guests.ts";
