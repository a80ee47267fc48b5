/** Every code of this plugin, and what it tells the caller. */
export const errorCodes = {
  BACKEND_NOT_INSTALLED: "The web server's software is not on this server. Install it first.",
  DOMAIN_BELONGS_TO_OTHER: "The name is a domain of another account, or above or below one.",
  DOMAIN_EXISTS: "The name is hosted here already.",
  DOMAIN_RESERVED: "The name belongs to the server itself.",
  PRIMARY_DOMAIN: "The main domain of an account cannot be removed.",
  SUBDOMAIN_WITHOUT_PARENT: "A subdomain sits below a domain the account has.",
  TOO_MANY_ALIASES: "A domain has at most 100 aliases.",
  WEB_SERVER_CHOICE_FORBIDDEN: "Only an admin assigns a site to a web server.",
} as const;
