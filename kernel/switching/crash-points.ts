/** The journal of a switch: steps at which a crash must leave something the next start finishes, in their order. */
export const switchCrashPoints = [
  "switch:audited",
  "switch:prepared",
  "switch:compared",
  "switch:saving",
  "switch:handed-over",
  "switch:settled",
] as const;

export type SwitchCrashPoint = (typeof switchCrashPoints)[number];
