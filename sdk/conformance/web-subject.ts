import type { PanelUnderTest, TestMachine } from "./panel.ts";

/**
 * What a web backend may or may not be able to do. A subject names what it can; what it does not name it cannot, and must
 * then refuse. `refusal: "inert"`: the file is ignored, and hidden. `refusal: "none"`: it does it in another way, or does without. `refusal: "audit"`: a change that needs it is refused (422 or 409) and leaves nothing. `refusal: "request"`:
 * no unit asks for it, so the request that needs it is answered 404.
 */
export const webCapabilities = {
  aliases: { means: "A site answers to other names than its own.", refusal: "audit" },
  internationalNames: { means: "Names with international letters, as `xn--` labels.", refusal: "audit" },
  longNames: { means: "Names of up to 253 characters.", refusal: "audit" },
  redirects: { means: "A name that redirects, 301 or 302, to exactly the target that was given.", refusal: "audit" },
  customIncludes: { means: "Configuration text an admin adds to one site.", refusal: "audit" },
  htaccess: { means: "Rules of a tenant in `.htaccess`.", refusal: "inert" },
  certificatesWithoutReload: { means: "A new certificate is shown without a reload.", refusal: "none" },
  ownLinks: { means: "A link in a document root is followed to what has the same owner.", refusal: "request" },
  ownNames: { means: "A site is answered over HTTPS only to who opened the connection for it.", refusal: "none" },
  pathInfo: { means: "`/script.php/more` runs the script with `PATH_INFO`.", refusal: "request" },
} as const satisfies Readonly<Record<string, { means: string; refusal: "audit" | "request" | "inert" | "none" }>>;

/** Name of one of `webCapabilities`. */
export type WebCapability = keyof typeof webCapabilities;

/** Samples of configuration text in the backend's own language. */
export interface CustomIncludes {
  /** Adds a header to every answer of its site. Holds no word of an absolute path or a host. */
  readonly header: { readonly content: string; readonly name: string; readonly value: string };
  /** Texts that reach beyond their site, or are not whole: refused before the daemon sees them. */
  readonly refused: readonly string[];
  /** Harmless in form, but the daemon's own test refuses it. */
  readonly broken: string;
}

/** What a backend claims to be able to do. */
export type WebClaims = {
  readonly [C in Exclude<WebCapability, "customIncludes">]?: true;
} & { readonly customIncludes?: CustomIncludes };

/** Where the requests of one site are logged. */
export interface SiteLogs {
  readonly access: string;
  readonly errors: string;
  isOwn?(line: string): boolean;
}

/** A backend of the slot `web`, as the suite needs to know it. */
export interface WebSubject {
  /** For people: `nginx`. */
  readonly title: string;
  /** Value of the server option `web_server`, `nginx`. */
  readonly option: string;
  /** Id of the plugin, which is also the name of its configuration tree and log directory. */
  readonly plugin: string;
  /** Service of the daemon in the manifest. */
  readonly service: string;
  readonly can: WebClaims;
  /**
   * Files of a site's logs in the plugin's log directory: all requests, and those that failed. `isOwn`: where sites share a
   * file, which of its lines are this site's.
   */
  logs(site: string): SiteLogs;
  /** File that keeps what a run has shown: `capabilities.json` beside the backend. */
  readonly record: string;
  readonly machine: TestMachine;
  /** A panel of its own, with nothing in it. */
  start(): Promise<PanelUnderTest>;
}
