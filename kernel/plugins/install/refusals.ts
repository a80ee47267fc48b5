import { PanelError } from "@patchbay/sdk";
import type { NpmError, NpmFailure } from "../../host/npm.ts";

/** Everything that is wrong with a plugin, at once. `status`: 422 for what it is, 409 for what is there besides. */
export function refused(problems: readonly string[], status: 409 | 422): PanelError {
  return new PanelError("PLUGIN_REFUSED", {
    status,
    message: `The plugin is refused: ${problems.join("; ")}.`,
    details: { problems },
  });
}

export function unsigned(): PanelError {
  return new PanelError("PLUGIN_UNSIGNED", {
    status: 422,
    message:
      "Nobody has signed this plugin. Sign it with `patchbay plugin sign`, or install it with allow_unsigned " +
      "(--allow-unsigned) if you know where it comes from.",
  });
}

export function unknownSigner(): PanelError {
  return new PanelError("PLUGIN_SIGNER_UNKNOWN", {
    status: 409,
    message:
      "Who signed it is not trusted here yet. Compare the key with the maker's, then approve it with trust_signer.",
  });
}

export function needsRoot(id: string, reasons: readonly string[]): PanelError {
  return new PanelError("PLUGIN_NEEDS_ROOT", {
    status: 409,
    message: `Only root can approve this, on the server itself: patchbay plugin approve ${id} --as-root. ${reasons.join("; ")}.`,
    details: { reasons },
  });
}

const failures: Readonly<Record<NpmFailure, { status: number; message: string }>> = {
  missing: { status: 503, message: "npm is not installed on this server; it is needed to install plugins." },
  late: { status: 503, message: "npm did not come to its end in time. Try again." },
  registry: {
    status: 503,
    message:
      "npm cannot reach or use its registry. Look at .npmrc in the panel's own directory (DIR/panel), and at the network.",
  },
  unknown: { status: 422, message: "npm's registry has no such package, or something it depends on is not there." },
  foreign: {
    status: 422,
    message: "It depends on a folder, a git repository or an address. Let it depend on packages of the registry alone.",
  },
  large: { status: 422, message: "The plugin with all it depends on is too large. Leave out what it does not need." },
  failed: { status: 422, message: "npm cannot install this. The panel's log has what npm printed." },
};

/** The answer to what npm failed with. */
export function npmFailed(error: NpmError): PanelError {
  const { status, message } = failures[error.reason];
  return status === 503
    ? new PanelError("NPM_UNAVAILABLE", { status, message, cause: error, retry: "later" })
    : new PanelError("NPM_FAILED", { status, message, cause: error });
}
