import { notFound, type ObjectOwner, type ObjectType, type Principal, type Read } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";

export interface OwnershipOptions {
  /** Committed reads. */
  readonly read: Read;
  /** Object types of the current generation, by `type`. */
  readonly objectTypes: () => ReadonlyMap<string, ObjectType>;
  readonly onWrite: Storage["onWrite"];
  /** Owners kept in memory. */
  readonly maxEntries?: number;
}

/** Tells whether an object belongs to a caller. */
export interface Ownership extends OwnerCheck {
  /** The same by the object types of one generation, whichever is current. */
  within(objectTypes: ReadonlyMap<string, ObjectType>): OwnerCheck;
}

export interface OwnerCheck {
  /**
   * The owner of an object the caller may reach. Throws NOT_FOUND, the same for a missing and a foreign object.
   * Synchronous when the owner is known; otherwise a promise. Throws a plain error for a type nobody declares.
   */
  check(principal: Principal, type: string, id: number): ObjectOwner | Promise<ObjectOwner>;
}

export function createOwnership(options: OwnershipOptions): Ownership {
  return new CachedOwnership(options);
}

interface TypeCache {
  readonly declared: ObjectType;
  readonly owners: Map<number, ObjectOwner>;
  /** Grows with every write to the type's tables: an answer read before it is not kept. */
  epoch: number;
}

class CachedOwnership implements Ownership {
  readonly #read: Read;
  readonly #objectTypes: () => ReadonlyMap<string, ObjectType>;
  readonly #maxEntries: number;
  readonly #types = new Map<string, TypeCache>();

  constructor(options: OwnershipOptions) {
    this.#read = options.read;
    this.#objectTypes = options.objectTypes;
    this.#maxEntries = options.maxEntries ?? 50_000;
    options.onWrite((tables) => this.#drop(tables));
  }

  check(principal: Principal, type: string, id: number): ObjectOwner | Promise<ObjectOwner> {
    return this.within(this.#objectTypes()).check(principal, type, id);
  }

  within(objectTypes: ReadonlyMap<string, ObjectType>): OwnerCheck {
    return { check: (principal, type, id) => this.#check(principal, this.#cacheOf(type, objectTypes), id) };
  }

  #check(principal: Principal, cache: TypeCache, id: number): ObjectOwner | Promise<ObjectOwner> {
    const known = cache.owners.get(id);
    if (known) return reachable(principal, known, cache.declared);
    return this.#load(cache, id).then((owner) => reachable(principal, owner, cache.declared));
  }

  #cacheOf(type: string, objectTypes: ReadonlyMap<string, ObjectType>): TypeCache {
    const declared = objectTypes.get(type);
    if (!declared) throw new Error(`no plugin declares objects of type ${type}`);
    const known = this.#types.get(type);
    // Another generation may find owners in another way.
    if (known && known.declared === declared) return known;
    const fresh: TypeCache = { declared, owners: new Map(), epoch: 0 };
    this.#types.set(type, fresh);
    return fresh;
  }

  async #load(cache: TypeCache, id: number): Promise<ObjectOwner | undefined> {
    const { epoch, declared } = cache;
    const owner = await declared.owner(this.#read, id);
    // Without tables nobody would tell when the answer changes.
    if (owner && cache.epoch === epoch && declared.tables.length > 0) this.#keep(cache, id, owner);
    return owner;
  }

  #keep(cache: TypeCache, id: number, owner: ObjectOwner): void {
    let total = 0;
    for (const type of this.#types.values()) total += type.owners.size;
    if (total >= this.#maxEntries) {
      const oldest = cache.owners.keys().next();
      if (oldest.done) for (const type of this.#types.values()) type.owners.clear();
      else cache.owners.delete(oldest.value);
    }
    cache.owners.set(id, owner);
  }

  #drop(tables: ReadonlySet<string>): void {
    for (const cache of this.#types.values()) {
      if (!cache.declared.tables.some((table) => tables.has(table))) continue;
      cache.epoch += 1;
      cache.owners.clear();
    }
  }
}

function reachable(principal: Principal, owner: ObjectOwner | undefined, type: ObjectType): ObjectOwner {
  if (owner && isReachable(principal, owner)) return owner;
  throw notFound(type.title);
}

function isReachable(principal: Principal, owner: ObjectOwner): boolean {
  if (principal.role === "system" || principal.role === "admin") return true;
  if (principal.userId === null) return false;
  if (principal.role === "reseller") return owner.resellerId === principal.userId;
  return principal.role === "user" && owner.userId === principal.userId;
}
