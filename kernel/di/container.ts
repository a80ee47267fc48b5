import "reflect-metadata";
import type { Token } from "@patchbay/sdk";
import { type DependencyContainer, inject, injectable, instanceCachingFactory, container as library } from "tsyringe";

type Constructor<T, A extends readonly unknown[]> = new (...args: [...A]) => T;
type Tokens<A extends readonly unknown[]> = { readonly [K in keyof A]: Token<A[K]> };

/**
 * Says which services a class is made from, in the order of its constructor. A wrong, missing or swapped token does not
 * compile. Uses tsyringe's decorators as plain functions, so it works on every runner.
 */
export function wire<T, A extends readonly unknown[]>(target: Constructor<T, A>, ...tokens: Tokens<A>): void {
  tokens.forEach((token, index) => {
    inject((token as Token<unknown>).key)(target, undefined, index);
  });
  injectable()(target as Constructor<T, never>);
}

/** A set of services by token. A child sees its parent's; siblings never see each other. */
export class Container {
  readonly #inner: DependencyContainer;
  readonly #parent: Container | undefined;

  constructor(parent?: Container) {
    this.#parent = parent;
    this.#inner = (parent ? parent.#inner : library).createChildContainer();
  }

  child(): Container {
    return new Container(this);
  }

  /** Registers a ready service. A token is registered once: registrations stack in the library, and the last would win. */
  value<T>(token: Token<T>, service: T): void {
    this.#free(token);
    this.#inner.register<T>(token.key, { useValue: service });
  }

  /** Registers a service that is made on first use and then kept. */
  factory<T>(token: Token<T>, create: () => T): void {
    this.#free(token);
    this.#inner.register<T>(token.key, { useFactory: instanceCachingFactory(() => create()) });
  }

  /** Makes an instance of a wired class from this container and keeps it under its token. */
  make<T, A extends readonly unknown[]>(token: Token<T>, target: Constructor<T, A>): T {
    const made = this.#inner.resolve<T>(target as unknown as new () => T);
    this.value(token, made);
    return made;
  }

  has(token: Token<unknown>): boolean {
    return this.#inner.isRegistered(token.key) || (this.#parent?.has(token) ?? false);
  }

  /** The service of a token. Throws with its name when there is none. */
  use<T>(token: Token<T>): T {
    if (!this.has(token)) throw new Error(`no service is registered as ${token.id}`);
    return this.#inner.resolve<T>(token.key);
  }

  /** The service of a token, or undefined when there is none. What fails while it is made still throws. */
  find<T>(token: Token<T>): T | undefined {
    return this.has(token) ? this.use(token) : undefined;
  }

  #free(token: Token<unknown>): void {
    if (this.#inner.isRegistered(token.key)) throw new Error(`${token.id} is registered twice`);
  }
}
