import { isPanelError } from "@patchbay/sdk";

/** Status, code and first field of a refusal; `accepted` when there is none. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isPanelError(error)) return `${error.status} ${error.code} ${error.fields[0]?.field ?? ""}`.trim();
    throw error;
  }
  return "accepted";
}
