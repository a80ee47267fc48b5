import type { DescribedOperation, FieldSchema } from "../matrix/operations.ts";
import type { FieldPlan } from "./field-cases.ts";
import { fieldTable } from "./field-table.ts";

/** A field of an operation that takes text. */
export interface StringField {
  readonly operation: DescribedOperation;
  readonly field: string;
  /** The text is an item of a list. */
  readonly isList: boolean;
}

/** Every string field of every operation of the running panel. */
export function stringFields(operations: readonly DescribedOperation[]): StringField[] {
  return operations.flatMap((operation) =>
    Object.entries(operation.fields).flatMap(([field, schema]) => {
      const isList = schema.type === "array" && schema.items !== undefined && takesText(schema.items);
      return isList || takesText(schema) ? [{ operation, field, isList }] : [];
    }),
  );
}

/** A schema that says nothing takes text too. */
function takesText(schema: FieldSchema): boolean {
  if (schema.anyOf) return schema.anyOf.some(takesText);
  if (schema.enum) return schema.enum.some((value) => typeof value === "string");
  return schema.type === undefined || schema.type === "string";
}

export const nameOf = ({ operation, field }: StringField) => `${operation.id}.${field}`;

/** The entry of the table for a field, or undefined. */
export function planOf(one: StringField): FieldPlan | undefined {
  return fieldTable[nameOf(one)] ?? fieldTable[one.field];
}
