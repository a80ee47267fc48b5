export { SmallDisk } from "../../sdk/testing/small-disk.ts";
