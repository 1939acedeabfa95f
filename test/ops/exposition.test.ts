import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { addDuration, createHistogram } from "../../src/observe/meters.ts";
import { type Family, writeExposition } from "../../src/ops/exposition.ts";
import { parseExposition } from "./parse-exposition.ts";

const gauge = (samples: Family["samples"], help = "Help."): Family => ({
  name: "some_metric",
  type: "gauge",
  help,
  samples,
});

describe("the text format", () => {
  test("carries any label and help text there and back", () => {
    // Lone surrogates are no text in any encoding.
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, text, fc.double(), (a, b, more, value) => {
        const help = `Help. ${more}`;
        const written = writeExposition([gauge([{ labels: { a, b }, value }], help)]);
        const family = parseExposition(written).get("some_metric");
        assert.equal(family?.help, help);
        const [sample] = family?.samples ?? [];
        assert.deepEqual(
          [...(sample?.labels ?? [])],
          [
            ["a", a],
            ["b", b],
          ],
        );
        assert.equal(sample?.value, value === 0 ? 0 : value);
      }),
    );
  });

  test("describes a metric that has no value now", () => {
    const family = parseExposition(writeExposition([gauge([])])).get("some_metric");
    assert.deepEqual(family?.samples, []);
  });

  test("adds up the buckets of a histogram", () => {
    const histogram = createHistogram([0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 30]) addDuration(histogram, seconds);
    const family = {
      ...gauge([{ labels: { of: "x" }, value: histogram }]),
      type: "histogram" as const,
    };
    assert.deepEqual(writeExposition([family]).split("\n").slice(2), [
      'some_metric_bucket{of="x",le="0.1"} 2',
      'some_metric_bucket{of="x",le="1"} 3',
      'some_metric_bucket{of="x",le="+Inf"} 4',
      'some_metric_sum{of="x"} 30.65',
      'some_metric_count{of="x"} 4',
      "",
    ]);
    parseExposition(writeExposition([family]));
  });

  const wrong = [
    {
      name: "a metric described twice",
      text: "# HELP a b\n# TYPE a gauge\n# HELP a b\n# TYPE a gauge\n",
    },
    { name: "a sample twice", text: "# HELP a b\n# TYPE a gauge\na 1\na 2\n" },
    { name: "a sample without description", text: "a 1\n" },
    { name: "a sample under another's head", text: "# HELP a b\n# TYPE a gauge\nb 1\n" },
    { name: "a label that is not escaped", text: '# HELP a b\n# TYPE a gauge\na{l="\\x"} 1\n' },
    { name: "a label that is not closed", text: '# HELP a b\n# TYPE a gauge\na{l="x" 1\n' },
    { name: "no number", text: "# HELP a b\n# TYPE a gauge\na one\n" },
    { name: "no last line end", text: "# HELP a b\n# TYPE a gauge\na 1" },
    {
      name: "a histogram without its last bucket",
      text: '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    },
  ];
  for (const { name, text } of wrong) {
    test(`the reader of these tests refuses ${name}`, () => {
      assert.throws(() => parseExposition(text), assert.AssertionError);
    });
  }
});
