import { isBuiltFrom, type OperationContext, Passwords } from "@patchbay/sdk";
import { guessablePassword } from "./errors.ts";

/** For `prepare`: refuses a password made from the name it is for, and hashes it outside the transaction. */
export async function hashPassword(
  ctx: OperationContext,
  password: string,
  username: string,
): Promise<{ passwordHash: string }> {
  if (isBuiltFrom(password, username)) throw guessablePassword();
  return { passwordHash: await ctx.use(Passwords).hash(password) };
}
