/** Help, completion and decoding: verbs that need no node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Command } from "commander";
import { program } from "../../src/cli/program.ts";
import { readVerb } from "../../src/cli/verb-words.ts";
import { launch, MAIN, run, temporaryFolder } from "./program.ts";

/** Every verb that does something, with the words that lead to it. */
function verbsOf(command: Command, path: readonly string[] = []): [readonly string[], Command][] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((verb) => verbsOf(verb, [...path, verb.name()]));
}

describe("help", () => {
  for (const [path, verb] of verbsOf(program())) {
    test(`of "${path.join(" ")}" has an example that the verb understands`, () => {
      let text = "";
      verb.configureOutput({ writeOut: (part) => (text += part) });
      verb.outputHelp();
      const examples = [...text.matchAll(/^ {2}\$ .*?fabric-gossip ([^|)<>]*)/gm)];
      assert.ok(examples.length > 0, text);
      for (const [, words = ""] of examples) {
        assert.ok(words.startsWith(path.join(" ")), words);
        const flags = words.match(/--[a-z-]+/g) ?? [];
        const known = verb.options.map(({ long }) => long);
        for (const flag of flags) assert.ok(known.includes(flag), `${words}: ${flag}`);
      }
    });
  }

  test("fits a terminal of 80 columns, but for examples that would be broken", () => {
    const verbs = [program(), ...verbsOf(program()).map(([, verb]) => verb)];
    for (const verb of verbs) {
      let text = "";
      verb.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 });
      verb.outputHelp();
      const wide = text.split("\n").filter((line) => line.length > 80 && !/^ {2}\$ /.test(line));
      assert.deepEqual(wide, [], verb.name());
    }
  });
});

describe("a verb that does not exist is named, with the nearest one,", () => {
  const ofAll = 'fabric-gossip has no verb "nonsense": fabric-gossip --help lists all.';
  const cases: readonly (readonly [string, string])[] = [
    ["nonsense", ofAll],
    ["help nonsense", ofAll],
    ["nonsense --help", ofAll],
    ["help Memebrs", 'fabric-gossip has no verb "Memebrs": did you mean members?'],
    ["crypto renwe", 'fabric-gossip crypto has no verb "renwe": did you mean renew?'],
    ["help event x", 'fabric-gossip event has no verb "x": write one of send, watch.'],
    ["event help x", 'fabric-gossip event has no verb "x": write one of send, watch.'],
  ];
  for (const [words, want] of cases) {
    test(`in "${words}"`, async (t) => {
      const { code, stdout, stderr } = await run(t, words.split(" "));
      assert.deepEqual([code, stdout, stderr], [2, "", `error: ${want}\n`]);
    });
  }

  test("and help of one that does is its own", () => {
    const cli = program();
    const cases: readonly (readonly [string, string])[] = [
      ["help crypto renew", "crypto renew --help"],
      ["event help send", "event send --help"],
      ["help members x", "members --help x"],
      ["help", "--help"],
      ["help help", "--help"],
      ["query help --json", "query help --json"],
      ["-V", "-V"],
      ["crypto", "crypto"],
    ];
    for (const [words, want] of cases) {
      assert.equal(readVerb(cli, words.split(" ")).join(" "), want);
    }
  });
});

describe("completion", () => {
  /** What bash offers after these words, the last of which is being typed. */
  function offered(...words: readonly string[]): string[] {
    const script = spawnSync(process.execPath, [MAIN, "completion", "bash"], { encoding: "utf8" });
    const typed = ["fabric-gossip", ...words].map((word) => `'${word}'`).join(" ");
    const bash = `${script.stdout}
      COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _fabric_gossip
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", bash], { encoding: "utf8" });
    assert.equal(stderr, "");
    return stdout.trim().split("\n");
  }

  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["do"], ["doctor"]],
    [
      ["crypto", ""],
      ["generate", "renew", "revoke", "--help"],
    ],
    [["crypto", "renew", "--t"], ["--tls"]],
    [
      ["why", "peer:7051", "--c"],
      ["--ca", "--cert", "--config", "--channel"],
    ],
    [
      ["nonsense", "ev"],
      ["events", "event"],
    ],
  ];
  for (const [words, wanted] of cases) {
    test(`in bash after "${words.join(" ")}"`, () => assert.deepEqual(offered(...words), wanted));
  }

  const hasNoFish = spawnSync("fish", ["--version"]).status !== 0 && "fish is not installed";
  test("in fish, if it is installed", { skip: hasNoFish }, () => {
    const script = spawnSync(process.execPath, [MAIN, "completion", "fish"], { encoding: "utf8" });
    const ask = (line: string): string[] => {
      const program = `${script.stdout}\ncomplete -C '${line}'`;
      const { stdout } = spawnSync("fish", ["--no-config", "-c", program], { encoding: "utf8" });
      return stdout
        .trim()
        .split("\n")
        .map((offer) => offer.split("\t")[0] ?? "");
    };
    assert.deepEqual(ask("fabric-gossip do"), ["doctor"]);
    assert.deepEqual(ask("fabric-gossip crypto "), ["generate", "renew", "revoke"]);
    assert.deepEqual(ask("fabric-gossip crypto renew --t"), ["--tls"]);
  });

  for (const shell of ["zsh", "fish"]) {
    test(`for ${shell} names every verb and option`, async (t) => {
      const { stdout, code } = await run(t, ["completion", shell]);
      assert.equal(code, 0);
      for (const word of ["doctor", "generate", "logspec set"])
        assert.ok(stdout.includes(word), word);
      for (const option of ["watch", "base-port", "strategy"]) assert.ok(stdout.includes(option));
    });
  }

  test("for a shell that we do not know: exit 2", async (t) => {
    const { code, stderr } = await run(t, ["completion", "tcsh"]);
    assert.equal(code, 2);
    assert.match(stderr, /There is no completion for "tcsh": write one of bash, zsh, fish\./);
  });
});

describe("decode", () => {
  const FILE = join(import.meta.dirname, "../vectors/envelopes.json");
  const { vectors }: { vectors: { name: string; envelope_hex: string }[] } = JSON.parse(
    readFileSync(FILE, "utf8"),
  );
  const hex = vectors.find(({ name }) => name === "alive-with-secret")?.envelope_hex ?? "";

  test("from an argument, a file or standard input, whatever the spelling", async (t) => {
    const fromArgument = await run(t, ["decode", hex]);
    assert.equal(fromArgument.code, 0);
    assert.match(fromArgument.stdout, /"verified": true/);
    const file = join(await temporaryFolder(t), "envelope.bin");
    await writeFile(file, Buffer.from(hex, "hex"));
    assert.equal((await run(t, ["decode", file])).stdout, fromArgument.stdout);
    for (const args of [["decode"], ["decode", "-"]]) {
      const reading = launch(t, args);
      reading.child.stdin?.end(Buffer.from(hex, "hex").toString("base64"));
      assert.equal((await reading.finished).stdout, fromArgument.stdout);
    }
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ["garbage", /error: There is no file garbage, and the argument itself is not an envelope/],
    ["mistyped.bin", /error: There is no file mistyped\.bin, and .*: check the name\./],
    [
      "[10,2,24]",
      /error: There is no file \[10,2,24\], and the argument itself is not an envelope/,
    ],
    ["0a5318012a4f0a3f", /error: That is no gossip envelope \(malformed\): give one as hex/],
    ["0a5318012a4f0a3f0a1b70656572", /error: That is cut short \(71 bytes are missing\): copy all/],
    ["/proc", /error: \/proc is a folder: give a file that holds an envelope\.$/m],
    ["", /error: There is nothing to decode/],
  ];
  for (const [input, sentence] of wrong) {
    test(`of "${input}": one sentence, exit 2`, async (t) => {
      const { code, stderr, stdout } = await run(t, ["decode", input]);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split("\n").length, 1);
    });
  }
});

describe("flags that are wrong are told all at once", () => {
  const reader = ["--peer", "nowhere", "--cert", "no.pem", "--timeout", "3", "--trust", "no.block"];
  const ofReader = [/--timeout 3 is no duration/, /nowhere/, /no\.pem/, /no\.block/];
  const say = ["--timeout", "soon", "--payload", "x", "--file", "x", "--ca", "no.ca"];
  const ofSay = [/--payload and --file exclude/, /topic ""/, /no\.ca/];
  const empty = ["--cert", "", "--key", "", "--msp-id", "", "--tls-ca", "", "--trust", ""];
  const ofEmpty = [/--cert is empty/, /--key is empty/, /MSP id/, /--tls-ca is/, /--trust is/];
  const generate = ["crypto", "generate"];
  const twice = ["--org", "a.b", "--org", "a.b"];
  const cases: readonly (readonly [args: readonly string[], wants: readonly RegExp[]])[] = [
    [
      ["heights", "ch1", "--max-behind", "x", "--max-lag", "y", ...reader],
      [/--max-behind x is no number/, /--max-lag y is no duration/, ...ofReader],
    ],
    [
      ["blocks", "ch1", "--from", "x", "--to", "y", "--out", "made", ...reader],
      [/--from x is no number/, /--to y is no number/, ...ofReader],
    ],
    [
      ["channel-config", "ch1", "--diff", "no.diff", "--out", "", ...reader],
      [/no\.diff/, /--out is empty/, ...ofReader],
    ],
    [
      ["channel-config", "--block", "no.block", "--diff", "no.diff", "--out", ""],
      [/no\.block/, /no\.diff/, /--out is empty/],
    ],
    [
      ["channel-config", "--block", "no.block", "--diff", ""],
      [/--block no\.block does/, /--diff is empty: name a file/],
    ],
    [
      ["heights", "ch1", "--timeout", "1ns", "--max-lag", "1us", ...empty],
      [/--timeout 1ns is no duration from 1ms to 1h/, /--max-lag 1us/, ...ofEmpty],
    ],
    [
      ["heights", "ch1", "--timeout", "2h", "--config", "", "--profile", ""],
      [/--timeout 2h/, /configuration file is empty/, /--profile is empty/],
    ],
    [
      ["members", "--url", "", "--config", "", "--ca", ""],
      [/"" is not the URL/, /configuration file is empty/, /--ca is empty/],
    ],
    [
      ["event", "watch", "", "--ca", "no.ca"],
      [/topic ""/, /no\.ca/],
    ],
    [["event", "send", "t", "--file", ""], [/--file is empty/]],
    [
      ["event", "send", "*", "--tag", "x", "--tag", "=y", "--organisation", ""],
      [/topic "\*"/, /tag "x" has no value/, /tag "=y" has no value/, /none of them empty/],
    ],
    [
      ["members", "--tag", "role=a", "--tag", "role=b", "--ca", "no.ca"],
      [/tag "role" has two values/, /no\.ca/],
    ],
    [
      ["blocks", "ch1", "--from", "5", "--to", "3", ...reader],
      [/--to 3 comes before --from 5/, ...ofReader],
    ],
    [
      ["probe", "nowhere", "--config", "no.yaml"],
      [/"nowhere" is not an endpoint/, /no\.yaml/],
    ],
    [
      ["query", "t", "--timeout", "0x10", "--ca", "no.ca"],
      [/--timeout 0x10/, /no\.ca/],
    ],
    [
      ["query", "", ...say],
      [/--timeout soon/, ...ofSay],
    ],
    [["event", "send", "", ...say.slice(2)], ofSay],
    [
      [...generate, "--peers", "x", "--users", "y", "--san", "a b", "--org", "c d", "--output", ""],
      [/--peers x/, /--users y/, /"a b" is neither/, /"c d" is no host/, /--output is empty/],
    ],
    [
      [...generate, ...twice, "--org", "c d"],
      [/--org a\.b is given 2 times/, /"c d" is no host/],
    ],
    [
      ["play", "--port", "70000", "--output", ""],
      [/--port 70000/, /--output is empty/],
    ],
    [
      ["crypto", "renew", "peer0", "--days", "0", "--org", "nowhere"],
      [/--days 0/, /nowhere does not exist/],
    ],
    [
      ["crypto", "revoke", "no.pem", "--org", "nowhere"],
      [/no\.pem does not exist/, /nowhere does not exist/],
    ],
  ];
  for (const [args, wants] of cases) {
    test(args.slice(0, 2).join(" "), async (t) => {
      const { code, stderr } = await run(t, args);
      assert.equal(code, 2, stderr);
      for (const want of wants) assert.match(stderr, want);
      for (const line of stderr.trim().split("\n")) assert.match(line, /^error: .*[.?]$/);
    });
  }

  test("what a file would have set that cannot be read is not missed", async (t) => {
    for (const args of [["heights", "ch1"], ["start"], ["members"]]) {
      const { code, stderr } = await run(t, [...args, "--config", "no.yaml"]);
      assert.equal(code, 2);
      assert.match(stderr, /^error: The configuration file \S+no\.yaml cannot be read [^\n]*\n$/);
    }
  });
});
