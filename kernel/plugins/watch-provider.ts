import { type Provider, ProviderError } from "@patchbay/sdk";

/** Called with what a provider threw that it may not. Must not throw. */
export type OnProviderThrew = (error: unknown) => void;

const methods = ["audit", "base", "render", "relay", "generation", "execute", "drifted", "report"] as const;

type Method = (...args: readonly unknown[]) => unknown;

/** The same provider, telling when one of its methods throws, or rejects with, anything but a ProviderError. */
export function watchProvider(provider: Provider, onThrew: OnProviderThrew): Provider {
  const watched = Object.create(provider) as Record<string, Method>;
  const judge = (error: unknown, args: readonly unknown[]) => {
    const wasStopped = args.some((arg) => arg instanceof AbortSignal && arg.aborted);
    if (!wasStopped && !(error instanceof ProviderError)) onThrew(error);
  };
  for (const name of methods) {
    const method = (provider as unknown as Record<string, Method | undefined>)[name];
    if (!method) continue;
    watched[name] = (...args) => {
      let answer: unknown;
      try {
        answer = method.apply(provider, args as unknown[]);
      } catch (error) {
        judge(error, args);
        throw error;
      }
      if (answer instanceof Promise) answer.catch((error: unknown) => judge(error, args));
      return answer;
    };
  }
  return watched as unknown as Provider;
}
