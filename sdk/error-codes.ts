/** Every code the SDK's own helpers answer, and what it tells the caller. */
export const errorCodes = {
  INVALID_INPUT: "A field breaks a rule; `errors` names field and rule. Nothing was changed.",
  NOT_FOUND: "There is no such object, or it is not yours: the two look the same.",
} as const;
