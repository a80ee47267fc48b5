/** Every code of this plugin, and what it tells the caller. */
export const errorCodes = {
  DOMAIN_BELONGS_TO_OTHER: "The name is a domain of another account, or above or below one.",
  DOMAIN_EXISTS: "The name is hosted here already.",
  DOMAIN_RESERVED: "The name belongs to the server itself.",
  PRIMARY_DOMAIN: "The main domain of an account cannot be removed.",
  SUBDOMAIN_WITHOUT_PARENT: "A subdomain sits below a domain the account has.",
  TOO_MANY_ALIASES: "A domain has at most 100 aliases.",
} as const;
