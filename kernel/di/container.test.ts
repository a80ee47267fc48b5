import { token } from "@patchbay/sdk";
import { describe, expect, it } from "vitest";
import { Container, wire } from "./container.ts";

const Name = token<string>("test.name");
const Size = token<number>("test.size");

class Box {
  readonly text: string;
  constructor(name: string, size: number) {
    this.text = `${name} ${size}`;
  }
}
wire(Box, Name, Size);
// @ts-expect-error the tokens stand in the wrong order
wire(Box, Size, Name);
wire(Box, Name, Size);
const BoxToken = token<Box>("test.box");

describe("container", () => {
  it("makes a wired class from its tokens", () => {
    const root = new Container();
    root.value(Name, "box");
    root.value(Size, 3);
    expect(root.make(BoxToken, Box).text).toBe("box 3");
    expect(root.use(BoxToken)).toBe(root.use(BoxToken));
  });

  it("names the service that is missing, and refuses a second registration", () => {
    const root = new Container();
    expect(() => root.use(Name)).toThrow("test.name");
    root.value(Name, "a");
    expect(() => root.value(Name, "b")).toThrow("twice");
  });

  it("lets a child see its parent and hides siblings", () => {
    const root = new Container();
    root.value(Name, "root");
    const [left, right] = [root.child(), root.child()];
    left.value(Size, 1);
    expect(left.use(Name)).toBe("root");
    expect(left.use(Size)).toBe(1);
    expect(() => right.use(Size)).toThrow("test.size");
  });

  it("makes a factory's service once", () => {
    const root = new Container();
    let made = 0;
    root.factory(Size, () => (made += 1));
    expect([root.use(Size), root.use(Size)]).toEqual([1, 1]);
  });
});
