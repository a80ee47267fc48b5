import { conflict, forbidden, PanelError } from "@patchbay/sdk";

/** Codes of this plugin besides the pipeline's own. */
export const codes = {
  exists: "DOMAIN_EXISTS",
  belongsToOther: "DOMAIN_BELONGS_TO_OTHER",
  reserved: "DOMAIN_RESERVED",
  withoutParent: "SUBDOMAIN_WITHOUT_PARENT",
  primary: "PRIMARY_DOMAIN",
  tooManyAliases: "TOO_MANY_ALIASES",
  webServerForbidden: "WEB_SERVER_CHOICE_FORBIDDEN",
  notInstalled: "BACKEND_NOT_INSTALLED",
} as const;

export const domainExists = () => conflict(codes.exists, "domain already exists");

export const belongsToOther = () =>
  conflict(
    codes.belongsToOther,
    "This name is above or below a domain of another account. Ask the administrator to add it.",
  );

export const domainReserved = () => conflict(codes.reserved, "This name belongs to the server itself.");

export const withoutParent = () =>
  new PanelError(codes.withoutParent, {
    status: 400,
    message: "A subdomain must be below a domain of the same account.",
    fields: [{ field: "domain", code: "choice", message: "must be below a domain of the account" }],
  });

export const primaryDomain = () =>
  new PanelError(codes.primary, { status: 400, message: "the primary domain cannot be removed" });

export const tooManyAliases = (most: number) =>
  forbidden(codes.tooManyAliases, `A domain has at most ${most} aliases. Remove one first.`);

export const webServerForbidden = () =>
  forbidden(codes.webServerForbidden, "Only an administrator assigns a site to a web server.");

export const notInstalled = (title: string) =>
  conflict(codes.notInstalled, `${title} is not installed on this server. Install it first.`);
