import * as v from "valibot";
import type { Schema } from "../operation.ts";

const meta = v.strictObject({ total: v.number(), page: v.number(), per_page: v.number(), pages: v.number() });

/** Output schema of one page of items. */
export function pageOf<S extends Schema>(item: S) {
  return v.strictObject({ items: v.array(item), meta });
}

/** One page with what tells where it stands. No items are no pages. */
export function toPage<T>(
  items: readonly T[],
  total: number,
  at: { readonly page: number; readonly per_page: number },
) {
  return {
    items: [...items],
    meta: { total, page: at.page, per_page: at.per_page, pages: Math.ceil(total / at.per_page) },
  };
}
