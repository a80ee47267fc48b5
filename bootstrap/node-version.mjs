const oldest = [20, 19];

/** Ends the process with one clear sentence when this Node is too old. Must run before anything modern is imported. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  process.stderr.write(`Patchbay needs Node ${oldest.join(".")} or newer; this is Node ${version}.\n`);
  process.exit(1);
}
