// What each button and key does to a Markdown text. Pure: a text and a selection in, one change out.
//
// A change replaces [from, to) with `text` and then selects [start, end).

const change = (from, to, text, start, end) => ({ from, to, text, start, end });

const lineStart = (text, at) => text.lastIndexOf("\n", at - 1) + 1;
const lineEnd = (text, at) => {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
};

/** Put marks around the selection, or take them off; an empty selection gets `sample`, selected. */
export function wrapped(text, start, end, mark, sample) {
  const length = mark.length;
  const around = text.slice(start - length, start) === mark && text.slice(end, end + length) === mark;
  // One asterisk beside another is part of a stronger mark, which stays.
  const stronger = mark === "*" && text[start - 2] === "*" && text[start - 3] !== "*";
  if (around && !stronger && start >= length) {
    return change(start - length, end + length, text.slice(start, end), start - length, end - length);
  }
  const within = text.slice(start, end) || sample;
  return change(start, end, mark + within + mark, start + length, start + length + within.length);
}

/** Make the selection a link and select its address; a selected address becomes the address. */
export function linked(text, start, end, sample, isImage = false) {
  const chosen = text.slice(start, end);
  const lead = isImage ? "![" : "[";
  if (/^(https?:\/\/|mailto:|\/)\S+$/.test(chosen)) {
    const at = start + lead.length;
    return change(start, end, `${lead}${sample}](${chosen})`, at, at + sample.length);
  }
  const name = chosen || sample;
  const at = start + lead.length + name.length + 2;
  return change(start, end, `${lead}${name}](https://)`, at, at + "https://".length);
}

/** Begin every selected line with `mark` (a text, or a function of its number), or take the marks off. */
export function led(text, start, end, mark, pattern) {
  const from = lineStart(text, start);
  const to = lineEnd(text, end > start && text[end - 1] === "\n" ? end - 1 : end);
  const lines = text.slice(from, to).split("\n");
  const all = lines.every((line) => pattern.test(line) || !line.trim()) && lines.some((line) => line.trim());
  let number = 0;
  const bare = (line) => line.replace(/^(\s*)(?:[-*+] \[[ xX]\] |[-*+] |\d+[.)] |> ?|#{1,6} )/, "$1");
  const made = lines.map((line) => {
    if (all) return line.replace(pattern, "$1");
    if (!line.trim() && lines.length > 1) return line;
    number += 1;
    return bare(line).replace(/^\s*/, (space) => space + (typeof mark === "function" ? mark(number) : mark));
  });
  const above = !all && from > 0 && text[from - 2] !== "\n" && text[from - 1] === "\n" && !pattern.test(above_line(text, from));
  const lead = above ? "\n" : ""; // a list or quote needs a blank line above it
  const result = lead + made.join("\n");
  const stays = start === end;
  return change(from, to, result, stays ? from + result.length : from + lead.length, from + result.length);
}

const above_line = (text, from) => text.slice(lineStart(text, from - 1), from - 1);

/** Give the line a heading of the next level: ##, ###, ####, none. */
export function headed(text, start, end) {
  const from = lineStart(text, start);
  const to = lineEnd(text, start);
  const line = text.slice(from, to);
  const [, marks, name] = /^(#{1,6} )?(.*)$/s.exec(line);
  const next = { "": "## ", "# ": "## ", "## ": "### ", "### ": "#### " }[marks ?? ""] ?? "";
  const moved = next.length - (marks ?? "").length;
  return change(from, to, next + name, Math.max(from, start + moved), Math.max(from, Math.min(end, to) + moved));
}

/** Put a block on lines of its own, with blank lines around it; `{}` stands for the selection, «…» for what is selected. */
export function block(text, start, end, template, sample) {
  const before = text.slice(0, start);
  const lead = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const trail = text.slice(end).startsWith("\n") ? "" : "\n";
  const filled = lead + template.replace("{}", () => text.slice(start, end) || sample) + trail;
  const opens = filled.indexOf("«");
  const closes = filled.indexOf("»");
  const made = opens === -1 ? filled : filled.slice(0, opens) + filled.slice(opens + 1, closes) + filled.slice(closes + 1);
  const at = opens === -1 ? start + made.length : start + opens;
  return change(start, end, made, at, opens === -1 ? at : start + closes - 1);
}

const ITEM = /^(\s*)([-*+] \[[ xX]\] |[-*+] |(\d+)([.)]) |> )/;

/** What Enter does in a list or quote: the next item, or the end of the list from an empty one; null elsewhere. */
export function entered(text, start, end) {
  const from = lineStart(text, start);
  const found = ITEM.exec(text.slice(from, start));
  if (!found || start !== end) return null;
  const [whole, space, mark, number, stop] = found;
  if (!text.slice(from + whole.length, lineEnd(text, start)).trim()) {
    return change(from, lineEnd(text, start), "", from, from);
  }
  const next = number ? `${Number(number) + 1}${stop} ` : mark.replace(/\[[xX]\]/, "[ ]");
  const made = `\n${space}${next}`;
  return change(start, start, made, start + made.length, start + made.length);
}

/** Move the selected lines in by four spaces, as nested lists need, or out again. */
export function indented(text, start, end, outwards) {
  const from = lineStart(text, start);
  const to = lineEnd(text, end);
  const lines = text.slice(from, to).split("\n");
  const made = lines.map((line) => (outwards ? line.replace(/^(?: {1,4}|\t)/, "") : line && `    ${line}`)).join("\n");
  const first = outwards ? -(/^(?: {1,4}|\t)?/.exec(lines[0])[0].length) : lines[0] ? 4 : 0;
  return change(from, to, made, Math.max(from, start + first), Math.max(from, end + made.length - (to - from)));
}
