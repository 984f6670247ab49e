import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Claim, listClaim } from "../src/policy/claim.ts";
import { bestFit } from "../src/policy/image-claims.ts";

const actual = ["a", "b", "c"];
const none = claims([])[0] as Claim;

function claims(image: readonly string[]): Claim[] {
  return actual.map((value, index) => listClaim(`${index}`, "mrtd-not-accepted", image.slice(index, index + 1), value));
}

describe("claims about several images", () => {
  it("are those of the image that fits", () => {
    assert.ok(bestFit([["x"], actual], claims, none).every(({ pass }) => pass));
  });

  it("are those of the one that fits in most, where none does", () => {
    const images = [
      ["x", "x", "c"],
      ["a", "b", "x"],
      ["a", "x", "x"],
    ];
    assert.deepEqual(bestFit(images, claims, none), claims(["a", "b", "x"]));
  });

  it("never mix images, and of none there is a refusal", () => {
    const fit = bestFit(
      [
        ["a", "b", "x"],
        ["x", "x", "c"],
      ],
      claims,
      none,
    );
    assert.equal(fit.filter(({ pass }) => !pass).length, 1);
    assert.deepEqual(bestFit([], claims, none), [none]);
    assert.equal(none.pass, false);
  });
});
