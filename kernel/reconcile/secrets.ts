/** Stands for the diff of a file of which nobody may read the content. */
export function concealed(path: string): string {
  return `--- a/${path}\n+++ b/${path}\n@@ the secret content differs @@\n`;
}
