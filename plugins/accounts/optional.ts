import type { OperationContext, Token } from "@patchbay/sdk";

/**
 * A service that no enabled plugin may provide. Undefined only when there is none; a service that exists and cannot be
 * made still throws, so that a broken plugin is not mistaken for a missing one.
 */
export function useOptional<T>(ctx: Pick<OperationContext, "use">, wanted: Token<T>): T | undefined {
  try {
    return ctx.use(wanted);
  } catch (error) {
    if (error instanceof Error && error.message === `no service is registered as ${wanted.id}`) return undefined;
    throw error;
  }
}
