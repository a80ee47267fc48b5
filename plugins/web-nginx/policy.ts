/** The header that tells browsers to come back over HTTPS only. */
export const policyHeader = "Strict-Transport-Security";

/** Empty, so not sent, over HTTP and without a policy. */
export const policyLine = `add_header ${policyHeader} $pb_policy always;`;
