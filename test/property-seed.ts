/**
 * Loaded before each test file: property tests draw the same cases in every run, so that a change is
 * judged by what it changes. `PROPERTY_SEED=random` draws others, a number those of an earlier run.
 */
import fc from "fast-check";

const { PROPERTY_SEED = "20260101" } = process.env;
if (PROPERTY_SEED !== "random") fc.configureGlobal({ seed: Number(PROPERTY_SEED) });
