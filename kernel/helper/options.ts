import type { ServiceGrant } from "@patchbay/sdk";
import type { OnStep } from "./crash-points.ts";

/** A service grant as it stands in a manifest, before defaults are filled in. */
export type GrantLike = Omit<ServiceGrant, "stopTimeoutMs" | "instance" | "draining" | "sharesPorts"> & {
  readonly draining?: string | undefined;
  readonly instance?: string | undefined;
  readonly sharesPorts?: boolean | undefined;
  readonly stopTimeoutMs?: number | undefined;
};

/** The part of a manifest the helper looks at. */
export interface ManifestLike {
  readonly id: string;
  /** Debian packages it needs: each entry one name, or several with blanks between them. */
  readonly packages?: readonly { readonly apt: string }[] | undefined;
  readonly grants?:
    | { readonly services?: Readonly<Record<string, GrantLike>> | undefined; readonly tree?: boolean | undefined }
    | undefined;
}

export interface HelperOptions {
  /** Absolute. Created when missing. In the sandbox everything of the instance is below it. */
  readonly dataDir: string;
  readonly host: "sandbox" | "system";
  /** Program and whole environment of the kernel: nothing of the helper's own environment is passed on. */
  readonly kernel: { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
  /** Manifests of the plugins whose grants hold. */
  readonly manifests: readonly ManifestLike[];
  /** Absolute path of the bundle of `tenant.ts`. Must be readable by the accounts. */
  readonly tenantEntry: string;
  /** Bundle of the guest program, and folder of the bundles of the plugins that come with the panel. */
  readonly guests: { readonly program: string; readonly bundled: string };
  /** Called before the first kernel starts, with the owner of its directory when that is another user. */
  readonly beforeKernel?: (owner: { readonly uid: number; readonly gid: number } | undefined) => void;
  /** Called each time a kernel says that it is ready to serve (op `ready`). */
  readonly onReady?: () => void;
  /** Called at each named step. Default: obeys `PATCHBAY_CRASH_AT`. */
  readonly onStep?: OnStep;
}
